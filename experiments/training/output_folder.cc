#include "experiments/training/output_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/records/results.h"

namespace experiments {
namespace {

namespace fs = std::filesystem;

std::string ResultsFile(const RunOptions& options) {
  return absl::StrCat(options.output_dir, "/", options.entry().results_file);
}

}  // namespace

void PrepareOutput(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && access(folder.c_str(), W_OK) != 0) {
    error = std::error_code(errno, std::generic_category());
  }
  if (error) {
    throw core::Error(absl::StrCat("--output-dir=", folder, " cannot be written (", error.message(),
                                   "): name another folder"));
  }
}

OutputLock::OutputLock(const RunOptions& options) {
  const std::string path = absl::StrCat(options.output_dir, "/.", options.strategy, ".lock");
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (file_ >= 0 && flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  const int failure = errno;
  if (file_ >= 0) close(file_);
  // A file system without locks.
  if (failure == ENOLCK || failure == ENOTSUP || failure == EINVAL) {
    file_ = -1;
    return;
  }
  throw core::Error(
      absl::StrCat("--output-dir=", options.output_dir,
                   failure == EWOULDBLOCK
                       ? absl::StrCat(": another run of ", options.strategy,
                                      " writes there: wait for its end, or name another folder")
                       : absl::StrCat(": ", path, " cannot be locked (", strerror(failure), ")")));
}

OutputLock::~OutputLock() {
  if (file_ >= 0) close(file_);
}

std::string WeightsFile(const RunOptions& options, bool best) {
  fs::path path = options.save;
  if (path.empty()) {
    path =
        fs::path(options.output_dir) / absl::StrCat("weights_", options.strategy, ".safetensors");
  }
  if (best) {
    path.replace_filename(absl::StrCat(path.stem().string(), "_best", path.extension().string()));
  }
  return path.string();
}

std::string CheckpointPath(const RunOptions& options) {
  return absl::StrCat(options.output_dir, "/checkpoints/", options.strategy);
}

void KeepEarlierResults(const RunOptions& options) {
  const fs::path results = ResultsFile(options);
  const auto earlier = core::ReadResults(results.string());
  if (!earlier.ok() || earlier->partial) return;
  int number = 1;
  fs::path folder;
  std::error_code error;
  do {
    folder = absl::StrCat(options.output_dir, ".", number++);
  } while (fs::exists(folder / results.filename(), error));
  fs::create_directories(folder, error);
  if (!error) fs::rename(results, folder / results.filename(), error);
  if (error) {
    throw core::Error(absl::StrCat(results.string(), " holds the results of an earlier run, which ",
                                   folder.string(), " cannot take (", error.message(),
                                   "): move them, or name another --output-dir"));
  }
  for (const bool best : {false, true}) {
    const fs::path weights = WeightsFile(options, best);
    // Where it is on another file system it stays.
    fs::rename(weights, folder / weights.filename(), error);
  }
  std::printf("results of an earlier run are now in %s\n", folder.c_str());
  std::fflush(stdout);
}

}  // namespace experiments
