#include "backends/images/decode/file_contents.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace backends {
namespace {

[[noreturn]] void Fail() { throw core::Error(absl::StrCat("cannot read: ", std::strerror(errno))); }

}  // namespace

std::span<const uint8_t> FileContents::Read(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) Fail();
  const absl::Cleanup close_file = [file] { close(file); };
  struct stat status;
  if (fstat(file, &status) != 0) Fail();
  const size_t size = status.st_size;
  if (storage_.size() < size) storage_.resize(size);
  size_t done = 0;
  while (done < size) {
    const ssize_t count = read(file, storage_.data() + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) Fail();
    if (count == 0) break;  // It was made shorter meanwhile.
    done += count;
  }
  return {storage_.data(), done};
}

}  // namespace backends
