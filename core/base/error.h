#ifndef CORE_BASE_ERROR_H_
#define CORE_BASE_ERROR_H_

#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace core {

// What a user or the world did wrong: a missing folder, a dead peer, a device's failure. The
// message names rank, operation, file or flag, what was found and what to do. main prints it as one
// line and exits with 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws what `status` says as an Error, unless it is ok.
inline void ThrowIfError(const absl::Status& status) {
  if (!status.ok()) throw Error(std::string(status.message()));
}

// The value of `result`, if it has one; else throws what its status says as an Error.
template <typename T>
T ValueOrThrow(absl::StatusOr<T> result) {
  ThrowIfError(result.status());
  return *std::move(result);
}

}  // namespace core

#endif  // CORE_BASE_ERROR_H_
