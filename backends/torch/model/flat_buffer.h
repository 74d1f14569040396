#ifndef BACKENDS_TORCH_MODEL_FLAT_BUFFER_H_
#define BACKENDS_TORCH_MODEL_FLAT_BUFFER_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "core/buffer.h"

namespace backends {

// Float32 zeros, aligned to pages. On the host, memory that is never touched costs none; the rest
// lies on huge pages where the kernel has them.
class FlatBuffer {
 public:
  // Throws std::bad_alloc.
  explicit FlatBuffer(int64_t count);
  // `memory`: of a device, zeroed by who made it.
  FlatBuffer(int64_t count, std::shared_ptr<void> memory)
      : count_(count), memory_(std::move(memory)), data_(static_cast<float*>(memory_.get())) {}
  ~FlatBuffer();
  FlatBuffer(const FlatBuffer&) = delete;
  FlatBuffer& operator=(const FlatBuffer&) = delete;

  // That it was given; null if it has its own.
  const std::shared_ptr<void>& memory() const { return memory_; }
  float* data() const { return data_; }
  int64_t count() const { return count_; }
  core::Buffer buffer() const { return {data_, count_, core::DataType::kFloat32}; }

 private:
  const int64_t count_;
  std::shared_ptr<void> memory_;  // Null if it is ours.
  float* data_;
};

}  // namespace backends

#endif  // BACKENDS_TORCH_MODEL_FLAT_BUFFER_H_
