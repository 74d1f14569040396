#ifndef CORE_BASE_TEMPORARY_FOLDER_H_
#define CORE_BASE_TEMPORARY_FOLDER_H_

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace core {

// An empty folder that is gone, with all that is in it, when this goes out of scope.
class TemporaryFolder {
 public:
  // Throws core::Error if none can be made.
  TemporaryFolder() {
    const char* const chosen = getenv("TMPDIR");
    const std::filesystem::path base = chosen == nullptr ? "/tmp" : chosen;
    path_ = base / "lockstep-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) {
      throw Error(absl::StrCat("no folder could be made in ", base.string(), " (", strerror(errno),
                               "): set TMPDIR to one that can be written"));
    }
  }
  TemporaryFolder(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace core

#endif  // CORE_BASE_TEMPORARY_FOLDER_H_
