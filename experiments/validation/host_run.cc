#include "experiments/validation/host_run.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/temporary_folder.h"
#include "experiments/common/runfiles.h"

namespace experiments {
namespace {

constexpr int64_t kResultBytesMax = int64_t{1} << 30;

// Runs a command whose output goes to a file, and returns its exit code.
int Run(const std::vector<std::string>& command, const std::string& output) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw core::Error("no process can be started: end others first");
  if (child == 0) {
    const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || dup2(file, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0) _exit(126);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw core::Error(absl::StrCat(command[0], " was lost sight of"));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Content(const std::string& path) {
  return core::ValueOrThrow(core::ReadFile(path, kResultBytesMax));
}

// The first line that was said: what came first is the cause of what came after.
std::string FirstLine(const std::string& text) {
  const absl::string_view stripped = absl::StripAsciiWhitespace(text);
  return std::string(stripped.substr(0, stripped.find('\n')));
}

}  // namespace

std::vector<Measured> MeasureOnHosts(const Hosts& hosts, const std::vector<Measurement>& plan) {
  const core::TemporaryFolder folder;
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (size_t i = 0; i < plan.size(); ++i) {
    json.push_back(ToJson(plan[i]));
    std::filesystem::create_directory(absl::StrCat(folder.path(), "/", i));
  }
  const absl::Status written =
      core::WriteFile(absl::StrCat(folder.path(), "/plan.json"), json.dump());
  if (!written.ok()) throw core::Error(std::string(written.message()));

  const std::string output = absl::StrCat(folder.path(), "/output");
  const int code = Run({ShippedFile("tools/test_hosts"), absl::StrCat("--hosts=", hosts.count),
                        absl::StrCat("--rate=", hosts.rate), "--fair", "--",
                        ShippedFile("experiments/validation/validation_rank"),
                        absl::StrCat("--folder=", folder.path())},
                       output);
  if (code != 0) {
    const std::string said = FirstLine(Content(output));
    throw core::Error(said.empty() ? absl::StrCat("test hosts ended with exit code ", code) : said);
  }
  std::vector<Measured> results;
  for (const auto& result :
       nlohmann::ordered_json::parse(Content(absl::StrCat(folder.path(), "/measured.json")))) {
    results.push_back(MeasuredFrom(result));
  }
  return results;
}

}  // namespace experiments
