#include "analysis/plots/gnuplot.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/process.h"

namespace analysis {
namespace {

namespace fs = std::filesystem;

constexpr char kScript[] = "script.gnuplot";
constexpr char kLog[] = "gnuplot.log";

// Runs gnuplot inside `folder`; returns how it ended, or a failure to start it.
absl::StatusOr<core::ExitStatus> RunIn(const std::string& folder) {
  // Without the user's own settings (-d): the same pictures for everybody.
  absl::StatusOr<core::Process> gnuplot =
      core::Process::Start({.arguments = {"gnuplot", "-d", kScript},
                            .folder = folder,
                            .output = "/dev/null",
                            .errors = kLog,
                            .no_input = true});
  if (absl::IsNotFound(gnuplot.status())) {
    return absl::NotFoundError(
        "gnuplot is not installed: run tools/bazel, which installs it, or install Debian's "
        "gnuplot-nox");
  }
  if (!gnuplot.ok()) return gnuplot.status();
  return gnuplot->Wait();
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
  const absl::StatusOr<core::ExitStatus> ended = RunIn(folder);
  if (!ended.ok()) return ended.status();
  for (const std::string& picture : pictures) {
    std::error_code error;
    if (ended->code != 0 || fs::file_size(absl::StrCat(folder, "/", picture), error) == 0 ||
        error) {
      return absl::InternalError(absl::StrCat("gnuplot made no ", picture, " (exit code ",
                                              ended->code, "): ", Complaint(folder)));
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
