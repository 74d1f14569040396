#ifndef BACKENDS_TORCH_MODEL_FLAT_BUFFER_H_
#define BACKENDS_TORCH_MODEL_FLAT_BUFFER_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "core/buffer.h"

namespace backends {

// `count` float32 elements, one after the other, on the host or a device. Copies share the memory.
class FlatBuffer {
 public:
  FlatBuffer() = default;  // Of none.
  FlatBuffer(int64_t count, std::shared_ptr<void> memory)
      : count_(count), memory_(std::move(memory)) {}

  float* data() const { return static_cast<float*>(memory_.get()); }
  int64_t count() const { return count_; }
  core::Buffer buffer() const { return {data(), count_, core::DataType::kFloat32}; }

 private:
  int64_t count_ = 0;
  std::shared_ptr<void> memory_;
};

// Zeros on the host, aligned to pages. What is never touched costs no memory; the rest lies on huge
// pages where the kernel has them. Throws std::bad_alloc.
FlatBuffer HostZeros(int64_t count);

}  // namespace backends

#endif  // BACKENDS_TORCH_MODEL_FLAT_BUFFER_H_
