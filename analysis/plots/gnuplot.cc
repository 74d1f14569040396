#include "analysis/plots/gnuplot.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/file.h"

extern char** environ;

namespace analysis {
namespace {

namespace fs = std::filesystem;

constexpr char kScript[] = "script.gnuplot";
constexpr char kLog[] = "gnuplot.log";

// Runs gnuplot inside `folder`; returns its exit code, or a failure to start it.
absl::StatusOr<int> RunIn(const std::string& folder) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, kLog, O_WRONLY | O_CREAT, 0666);
  // Without the user's own settings (-d): the same pictures for everybody.
  std::string program = "gnuplot", defaults = "-d", script = kScript;
  char* arguments[] = {program.data(), defaults.data(), script.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, "gnuplot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) {
    return absl::NotFoundError(
        "gnuplot is not installed: run tools/bazel, which installs it, or install Debian's "
        "gnuplot-nox");
  }
  if (error != 0) {
    return absl::InternalError(
        absl::StrCat("gnuplot did not start: ", std::generic_category().message(error)));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return absl::InternalError("gnuplot's end was not seen");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// What gnuplot complained of, as one short line.
std::string Complaint(const std::string& folder) {
  const absl::StatusOr<std::string> log = core::ReadFile(absl::StrCat(folder, "/", kLog), 1 << 20);
  if (!log.ok()) return "";
  std::string line = *log;
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return !absl::ascii_isprint(c); }, ' ');
  absl::RemoveExtraAsciiWhitespace(&line);
  return line.substr(0, 300);
}

absl::Status PlotIn(const std::string& folder, const std::string& script,
                    const std::vector<std::string>& pictures, const std::string& directory) {
  absl::Status written = core::WriteFile(absl::StrCat(folder, "/", kScript), script);
  if (!written.ok()) return written;
  const absl::StatusOr<int> code = RunIn(folder);
  if (!code.ok()) return code.status();
  for (const std::string& picture : pictures) {
    std::error_code error;
    if (*code != 0 || fs::file_size(absl::StrCat(folder, "/", picture), error) == 0 || error) {
      return absl::InternalError(absl::StrCat("gnuplot made no ", picture, " (exit code ", *code,
                                              "): ", Complaint(folder)));
    }
  }
  for (const std::string& picture : pictures) {
    std::error_code error;
    fs::rename(absl::StrCat(folder, "/", picture), absl::StrCat(directory, "/", picture), error);
    if (error) {
      return absl::InternalError(
          absl::StrCat("cannot write ", directory, "/", picture, ": ", error.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Plot(const std::string& script, const std::vector<std::string>& pictures,
                  const std::string& directory) {
  // Beside the pictures, so that they can be renamed into place.
  const std::string folder = absl::StrCat(directory, "/.", getpid(), ".partial");
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return absl::PermissionDeniedError(
        absl::StrCat("cannot write the folder ", directory, ": ", error.message()));
  }
  const absl::Status status = PlotIn(folder, script, pictures, directory);
  fs::remove_all(folder, error);
  return status;
}

}  // namespace analysis
