#ifndef BACKENDS_TORCH_STATE_DICT_STORED_TENSOR_H_
#define BACKENDS_TORCH_STATE_DICT_STORED_TENSOR_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace backends {

// A tensor of a file: a strided view of bytes that others may share.
struct StoredTensor {
  // Valid as long as `storage` lives.
  at::Tensor View() const;

  std::string name;
  at::ScalarType type;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;  // In elements.
  int64_t offset = 0;            // In elements.
  std::shared_ptr<const std::string> storage;
};

// Throws core::Error unless every element lies inside the storage.
void CheckBounds(const StoredTensor& tensor);

// Of a contiguous tensor. Throws core::Error if the sizes are negative or their product overflows.
std::vector<int64_t> ContiguousStrides(const std::vector<int64_t>& shape);

// "64 x 3 x 7 x 7"; "scalar" for no dimensions.
std::string FormatShape(at::IntArrayRef shape);

}  // namespace backends

#endif  // BACKENDS_TORCH_STATE_DICT_STORED_TENSOR_H_
