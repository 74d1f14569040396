#ifndef TOOLS_FUZZ_INPUT_FILE_H_
#define TOOLS_FUZZ_INPUT_FILE_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/base/error.h"

namespace tools {

// Calls `read` with the path of a file, in memory, of these bytes. An error has to begin with it.
template <typename Read>
void WithInputFile(const uint8_t* data, size_t size, const Read& read) {
  static const int file = memfd_create("input", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) {
    std::abort();
  }
  try {
    read(path);
  } catch (const core::Error& error) {
    if (std::string(error.what()).find(path) != 0) std::abort();
  }
}

}  // namespace tools

#endif  // TOOLS_FUZZ_INPUT_FILE_H_
