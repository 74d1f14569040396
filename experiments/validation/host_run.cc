#include "experiments/validation/host_run.h"

#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "core/base/temporary_folder.h"
#include "experiments/common/runfiles.h"

namespace experiments {
namespace {

constexpr int64_t kResultBytesMax = int64_t{1} << 30;

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
  for (size_t i = 0; i < plan.size(); ++i) {
    std::filesystem::create_directory(absl::StrCat(folder.path(), "/", i));
  }
  core::ThrowIfError(
      core::WriteFile(absl::StrCat(folder.path(), "/plan.json"), nlohmann::json(plan).dump()));

  const std::string output = absl::StrCat(folder.path(), "/output");
  core::Process ranks = core::ValueOrThrow(core::Process::Start(
      {.arguments = {ShippedFile("tools/test_hosts"), absl::StrCat("--hosts=", hosts.count),
                     absl::StrCat("--rate=", hosts.rate), "--fair", "--",
                     ShippedFile("experiments/validation/validation_rank"),
                     absl::StrCat("--folder=", folder.path())},
       .output = output,
       .errors = output}));
  if (ranks.Wait().code != 0) {
    const std::string said = FirstLine(Content(output));
    throw core::Error(
        said.empty() ? absl::StrCat("test hosts ended with exit code ", ranks.Wait().code) : said);
  }
  return nlohmann::json::parse(Content(absl::StrCat(folder.path(), "/measured.json")));
}

}  // namespace experiments
