#ifndef CORE_BASE_USER_PATH_H_
#define CORE_BASE_USER_PATH_H_

#include <cstdlib>
#include <filesystem>
#include <string>

namespace core {

// `path` as its user meant it: a relative one begins where the command was typed. `bazel run`
// starts programs elsewhere and says in BUILD_WORKING_DIRECTORY where that was.
inline std::string UserPath(const std::string& path) {
  if (path.empty()) return path;
  const char* typed_in = std::getenv("BUILD_WORKING_DIRECTORY");
  const std::filesystem::path base =
      typed_in == nullptr ? std::filesystem::current_path() : std::filesystem::path(typed_in);
  return (base / path).lexically_normal().string();
}

}  // namespace core

#endif  // CORE_BASE_USER_PATH_H_
