#ifndef CORE_BASE_HUGE_PAGES_H_
#define CORE_BASE_HUGE_PAGES_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace core {

// Of which the processor knows the places.
inline constexpr size_t kHugePage = size_t{2} << 20;

// Memory for std::free, a multiple of kHugePage, that lies on huge pages where the system has them,
// but for the first `small` bytes: small pages are there only once they are touched.
inline std::byte* AllocateHugePages(size_t bytes, size_t small) {
  auto* const memory = static_cast<std::byte*>(std::aligned_alloc(kHugePage, bytes));
  if (memory == nullptr) throw std::bad_alloc();
  if (small < bytes) madvise(memory + small, bytes - small, MADV_HUGEPAGE);  // May be refused.
  return memory;
}

}  // namespace core

#endif  // CORE_BASE_HUGE_PAGES_H_
