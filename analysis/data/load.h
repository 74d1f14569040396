#ifndef ANALYSIS_DATA_LOAD_H_
#define ANALYSIS_DATA_LOAD_H_

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>

#include "absl/status/statusor.h"
#include "core/base/error.h"

namespace analysis {

// What `read` makes of a file in `directory`; nothing if there is no such file. An error is what
// `read` throws.
template <typename Read>
auto LoadIfThere(const std::filesystem::path& directory, const char* file, const Read& read)
    -> absl::StatusOr<std::optional<std::invoke_result_t<Read, std::string>>> {
  std::error_code ignored;
  if (!std::filesystem::exists(directory / file, ignored)) return std::nullopt;
  try {
    return read(directory / file);
  } catch (const core::Error& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace analysis

#endif  // ANALYSIS_DATA_LOAD_H_
