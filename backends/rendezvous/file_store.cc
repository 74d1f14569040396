#include "backends/rendezvous/file_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "core/base/error.h"
#include "core/base/file.h"

namespace backends {
namespace {

// Short beside a process's start, long beside a look at a folder's entry.
constexpr std::chrono::milliseconds kPollInterval(1);

class FileStore : public Store {
 public:
  explicit FileStore(const std::string& folder) : folder_(folder) {}

  void Set(const std::string& key, const std::string& value) override {
    core::ThrowIfError(core::WriteFile(Path(key), value));
  }

  void Append(const std::string& key, const std::string& value) override {
    // One write: the system puts it behind those of others, whole.
    const int file = open(Path(key).c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    const ssize_t written = file < 0 ? -1 : write(file, value.data(), value.size());
    const std::string cause = written < 0
                                  ? std::strerror(errno)
                                  : "only " + std::to_string(written) + " of " +
                                        std::to_string(value.size()) + " bytes were written";
    if (file >= 0) close(file);
    if (written == static_cast<ssize_t>(value.size())) return;
    throw core::Error("cannot write " + Path(key) + ": " + cause + ": make room there");
  }

  std::optional<std::string> Get(const std::string& key,
                                 std::chrono::milliseconds timeout) override {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
      // Files are renamed into place, and added to in one write, so what is there is whole.
      if (std::ifstream file(Path(key), std::ios::binary); file) {
        return std::string(std::istreambuf_iterator<char>(file), {});
      }
      if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
      std::this_thread::sleep_for(kPollInterval);
    }
  }

 private:
  std::string Path(std::string key) const {
    for (char& character : key) {
      if (character == '/') character = '_';
    }
    return folder_ + "/" + key;
  }

  const std::string folder_;
};

}  // namespace

std::unique_ptr<Store> OpenFileStore(const std::string& folder) {
  if (!std::filesystem::is_directory(folder)) {
    throw core::Error("rendezvous folder " + folder +
                      " does not exist: make it before ranks start");
  }
  return std::make_unique<FileStore>(folder);
}

}  // namespace backends
