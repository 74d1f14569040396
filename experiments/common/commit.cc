#include "experiments/common/commit.h"

#include <errno.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "core/base/process.h"

namespace experiments {
namespace {

namespace fs = std::filesystem;

constexpr char kUnknown[] = "unknown";
constexpr std::chrono::seconds kLimit(10);  // Of a file system that does not answer.

// The folder that holds our sources; empty if there is none.
fs::path Workspace() {
  if (const char* const told = std::getenv("BUILD_WORKSPACE_DIRECTORY")) return told;
  // By the name that the program was called by, as bazel-bin leads out of the tree.
  std::error_code ignored;
  const fs::path program = fs::absolute(program_invocation_name, ignored);
  for (fs::path folder = program; folder.has_relative_path();) {
    folder = folder.parent_path();
    if (fs::exists(folder / ".git", ignored) && fs::exists(folder / "WORKSPACE", ignored)) {
      return folder;
    }
  }
  return "";
}

}  // namespace

std::string Commit() {
  const fs::path workspace = Workspace();
  if (workspace.empty()) return kUnknown;
  // Also root may ask, whom git would refuse another user's tree.
  absl::StatusOr<core::Process> git = core::Process::Start(
      {.arguments = {"git", "-c", "safe.directory=*", "-C", workspace, "describe", "--always",
                     "--dirty", "--abbrev=12", "--exclude=*"},
       .environment = {{"GIT_DIR", std::nullopt},
                       {"GIT_WORK_TREE", std::nullopt},
                       {"GIT_OPTIONAL_LOCKS", "0"}},
       .errors = "/dev/null",
       .no_input = true,
       .capture = true});
  if (!git.ok()) return kUnknown;
  const std::optional<core::ExitStatus> ended = git->WaitFor(kLimit);
  if (!ended || ended->code != 0) return kUnknown;
  return std::string(absl::StripAsciiWhitespace(git->text()));
}

}  // namespace experiments
