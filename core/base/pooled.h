#ifndef CORE_BASE_POOLED_H_
#define CORE_BASE_POOLED_H_

#include <cstddef>

namespace core {

// Memory of small objects that are made and dropped by the million: those of one size lie side by
// side, and one that was dropped is the next one made. Aligned to 16 bytes from a size of 64 on, to
// 8 below. Freed with the size it was allocated with, by any thread. AddressSanitizer reports whoever
// touches a dropped one before it is made again.
void* AllocatePooled(size_t size);
void FreePooled(void* memory, size_t size);

// Base of classes whose objects are to lie in such memory.
class Pooled {
 public:
  static void* operator new(size_t size) { return AllocatePooled(size); }
  static void operator delete(void* object, size_t size) { FreePooled(object, size); }
};

}  // namespace core

#endif  // CORE_BASE_POOLED_H_
