#include "backends/torch/model/flat_buffer.h"

#include <sys/mman.h>

#include <new>

namespace backends {
namespace {

// mmap refuses a length of zero.
size_t Bytes(int64_t count) { return count > 0 ? count * sizeof(float) : 1; }

}  // namespace

FlatBuffer::FlatBuffer(int64_t count) : count_(count) {
  void* memory =
      mmap(nullptr, Bytes(count), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  madvise(memory, Bytes(count), MADV_HUGEPAGE);  // Best effort: without, only slower.
  data_ = static_cast<float*>(memory);
}

FlatBuffer::~FlatBuffer() {
  if (!memory_) munmap(data_, Bytes(count_));
}

}  // namespace backends
