#ifndef BACKENDS_TORCH_FLAT_BUFFER_H_
#define BACKENDS_TORCH_FLAT_BUFFER_H_

#include <cstdint>

#include "core/buffer.h"

namespace backends {

// Float32 zeros, aligned to pages. Memory that is never touched costs none; the rest lies on huge
// pages where the kernel has them.
class FlatBuffer {
 public:
  // Throws std::bad_alloc.
  explicit FlatBuffer(int64_t count);
  ~FlatBuffer();
  FlatBuffer(const FlatBuffer&) = delete;
  FlatBuffer& operator=(const FlatBuffer&) = delete;

  float* data() const { return data_; }
  int64_t count() const { return count_; }
  core::Buffer buffer() const { return {data_, count_, core::DataType::kFloat32}; }

 private:
  const int64_t count_;
  float* data_;
};

}  // namespace backends

#endif  // BACKENDS_TORCH_FLAT_BUFFER_H_
