#include "backends/torch/model/flat_buffer.h"

#include <sys/mman.h>

#include <new>

namespace backends {

FlatBuffer HostZeros(int64_t count) {
  const size_t bytes = count > 0 ? count * sizeof(float) : 1;  // mmap refuses a length of zero.
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  madvise(memory, bytes, MADV_HUGEPAGE);  // Best effort: without, only slower.
  return FlatBuffer(count, {memory, [bytes](void* mapped) { munmap(mapped, bytes); }});
}

}  // namespace backends
