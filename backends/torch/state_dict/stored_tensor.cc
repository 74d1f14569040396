#include "backends/torch/state_dict/stored_tensor.h"

#include <ATen/ops/from_blob.h>

#include "core/base/error.h"

namespace backends {

at::Tensor StoredTensor::View() const {
  const char* data = storage->data() + offset * c10::elementSize(type);
  return at::from_blob(const_cast<char*>(data), shape, strides, at::TensorOptions(type));
}

void CheckBounds(const StoredTensor& tensor) {
  if (tensor.shape.size() != tensor.strides.size() || tensor.shape.size() > 8) {
    throw core::Error("the dimensions of " + tensor.name + " make no sense");
  }
  const int64_t available = tensor.storage->size() / c10::elementSize(tensor.type);
  int64_t last = tensor.offset;
  bool empty = false, inside = tensor.offset >= 0;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    inside = inside && tensor.shape[i] >= 0 && tensor.strides[i] >= 0;
    empty = empty || tensor.shape[i] == 0;
    int64_t extent = 0;
    inside = inside && !__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &extent) &&
             !__builtin_add_overflow(last, std::max<int64_t>(extent, 0), &last);
  }
  inside = inside && (empty ? tensor.offset <= available : last < available);
  if (!inside) throw core::Error(tensor.name + " reaches beyond its storage");
}

std::vector<int64_t> ContiguousStrides(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t count = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = count;
    if (shape[i] < 0 || __builtin_mul_overflow(count, shape[i], &count)) {
      throw core::Error("the shape " + FormatShape(shape) + " makes no sense");
    }
  }
  return strides;
}

std::string FormatShape(at::IntArrayRef shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (int64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

}  // namespace backends
