#ifndef CORE_BASE_FILE_H_
#define CORE_BASE_FILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace core {

// Writes a file whole or not at all: beside it, synced, then renamed, and the folder synced. Makes
// missing folders. Errors name the file, what the system said, and for a full disk or a folder without permission what to
// do.
absl::Status WriteFile(const std::string& path, std::string_view content);
// The same of several parts, one after the other.
absl::Status WriteFile(const std::string& path, std::span<const std::string_view> parts);

// Adds to a file that is there, synced. Errors name the file and what the system said.
absl::Status AppendToFile(const std::string& path, std::string_view content);

// Reads a regular file of at most `bytes_max`.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t bytes_max);

}  // namespace core

#endif  // CORE_BASE_FILE_H_
