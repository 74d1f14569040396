#ifndef EXPERIMENTS_COMMON_RUNFILES_H_
#define EXPERIMENTS_COMMON_RUNFILES_H_

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace experiments {

// A file that comes with the program, under its path in the repository. Throws core::Error if it is
// not there.
inline std::string ShippedFile(const std::string& path) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  for (const std::string& candidate : {program + ".runfiles/lockstep/" + path, path}) {
    if (std::filesystem::exists(candidate)) return candidate;
  }
  throw core::Error(absl::StrCat(path, " is not beside the program: start it by tools/bazel run"));
}

}  // namespace experiments

#endif  // EXPERIMENTS_COMMON_RUNFILES_H_
