#ifndef CORE_RECORDS_SAFETENSORS_H_
#define CORE_RECORDS_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace core {

// A contiguous tensor whose values, in little-endian order, belong to somebody else.
struct TensorView {
  std::string name;
  std::string type;  // As safetensors has it: "F32", "I64", …
  std::vector<int64_t> shape;
  std::string_view bytes;
};

// The same with values of its own.
struct HostTensor {
  TensorView View() const { return {name, type, shape, bytes}; }

  std::string name;
  std::string type;
  std::vector<int64_t> shape;
  std::string bytes;
};

// What a safetensors file holds (format: huggingface.co/docs/safetensors).
struct Safetensors {
  std::map<std::string, std::string> metadata;
  std::vector<HostTensor> tensors;
};

// As WriteFile: whole or not at all. Names are different.
absl::Status WriteSafetensors(const std::map<std::string, std::string>& metadata,
                              std::span<const TensorView> tensors, const std::string& path);

// Whether `bytes` begin as a safetensors file does.
bool IsSafetensors(std::string_view bytes);

// An error says what is wrong with the bytes, but does not know the file's name. Shapes agree with
// types and sizes; all tensors together are no larger than the file.
absl::StatusOr<Safetensors> ParseSafetensors(std::string_view bytes);

}  // namespace core

#endif  // CORE_RECORDS_SAFETENSORS_H_
