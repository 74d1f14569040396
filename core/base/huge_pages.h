#ifndef CORE_BASE_HUGE_PAGES_H_
#define CORE_BASE_HUGE_PAGES_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace core {

// Bytes. Memory that is used all over should lie on few large pages: the processor keeps the places
// of some of them at hand (its TLB), and looks up those of others, slowly.
inline constexpr size_t kHugePage = size_t{2} << 20;

// `bytes` of memory, a multiple of kHugePage, for std::free. It lies on huge pages where the system
// has them, but for the first `small` bytes: of those, only what is touched takes memory. Throws
// std::bad_alloc.
inline std::byte* AllocateHugePages(size_t bytes, size_t small) {
  auto* const memory = static_cast<std::byte*>(std::aligned_alloc(kHugePage, bytes));
  if (memory == nullptr) throw std::bad_alloc();
  if (small < bytes) madvise(memory + small, bytes - small, MADV_HUGEPAGE);  // May be refused.
  return memory;
}

}  // namespace core

#endif  // CORE_BASE_HUGE_PAGES_H_
