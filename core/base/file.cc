#include "core/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace core {
namespace {

absl::Status CannotWrite(const std::string& path, int error) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  std::string advice;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    advice = absl::StrCat("; make room in ", folder, " or choose another folder");
  } else if (error == EACCES || error == EPERM || error == EROFS || error == ENOTDIR) {
    advice = absl::StrCat("; choose a folder that can be written instead of ", folder);
  }
  const absl::Status status = absl::ErrnoToStatus(error, absl::StrCat("cannot write ", path));
  return absl::Status(status.code(), absl::StrCat(status.message(), advice));
}

// Returns 0 or errno.
int Write(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(file, content.data(), content.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) content.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

// So that the names in it are there after a power failure. Returns 0 or errno.
int SyncFolder(const std::filesystem::path& folder) {
  const int file = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return errno;
  // Some file systems have nothing to sync in folders.
  const int failure = fsync(file) != 0 && errno != EINVAL && errno != ENOTSUP ? errno : 0;
  close(file);
  return failure;
}

// Fills `text` as far as the file reaches. Returns 0 or errno.
int ReadAll(int file, std::string& text) {
  size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = read(file, text.data() + filled, text.size() - filled);
    if (got < 0 && errno != EINTR) return errno;
    if (got == 0) break;
    filled += static_cast<size_t>(std::max<ssize_t>(got, 0));
  }
  text.resize(filled);
  return 0;
}

}  // namespace

absl::Status WriteFile(const std::string& path, std::string_view content) {
  return WriteFile(path, std::span(&content, 1));
}

absl::Status WriteFile(const std::string& path, std::span<const std::string_view> parts) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write ", path, ": it is there and is not a file"));
  }
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  error.clear();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return CannotWrite(path, error.value());

  const std::string beside = absl::StrCat(path, ".", getpid(), ".partial");
  // Nothing that is there is written through: a file of this name is what a process of our number
  // has left behind, or a link that somebody else has laid.
  unlink(beside.c_str());
  const int file = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) return CannotWrite(path, errno);
  int failure = 0;
  for (size_t i = 0; i < parts.size() && failure == 0; ++i) failure = Write(file, parts[i]);
  if (failure == 0 && fsync(file) != 0) failure = errno;
  if (close(file) != 0 && failure == 0) failure = errno;
  if (failure == 0 && rename(beside.c_str(), path.c_str()) != 0) failure = errno;
  if (failure == 0) failure = SyncFolder(folder);
  if (failure == 0) return absl::OkStatus();
  unlink(beside.c_str());
  return CannotWrite(path, failure);
}

absl::Status AppendToFile(const std::string& path, std::string_view content) {
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  int failure = file < 0 ? errno : Write(file, content);
  if (failure == 0 && fsync(file) != 0) failure = errno;
  if (file >= 0) close(file);
  return failure == 0 ? absl::OkStatus()
                      : absl::ErrnoToStatus(failure, absl::StrCat("cannot add to ", path));
}

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t bytes_max) {
  const std::string what = absl::StrCat("cannot read ", path);
  // Without blocking: a pipe would wait for a writer.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return absl::ErrnoToStatus(errno, what);
  struct stat status = {};
  std::string text;
  int failure = fstat(file, &status) != 0 ? errno : 0;
  const bool readable = S_ISREG(status.st_mode) && status.st_size <= bytes_max;
  if (failure == 0 && readable) {
    text.resize(static_cast<size_t>(status.st_size));
    failure = ReadAll(file, text);
  }
  close(file);
  if (failure != 0) return absl::ErrnoToStatus(failure, what);
  if (!S_ISREG(status.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": it is a folder or device, not a file"));
  }
  if (!readable) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": found ", status.st_size, " bytes, expected at most ", bytes_max));
  }
  return text;
}

}  // namespace core
