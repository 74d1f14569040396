#include "core/base/pooled.h"

#include <sanitizer/asan_interface.h>

#include <array>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "core/base/huge_pages.h"

namespace core {
namespace {

constexpr size_t kSizeMax = 512;  // Larger objects come from the heap.

struct Place {
  Place* next;
};

// Of one size.
struct Places {
  Place* free = nullptr;
  std::byte* unused = nullptr;  // Of the last slab.
  size_t unused_size = 0;

  void* Take(size_t size) {
    if (free != nullptr) {
      Place* const place = free;
      ASAN_UNPOISON_MEMORY_REGION(place, size);
      free = place->next;
      return place;
    }
    if (unused_size < size) AddSlab();
    unused_size -= size;
    return std::exchange(unused, unused + size);
  }

  // The first slab is no huge page: there are many small programs.
  void AddSlab() {
    unused = AllocateHugePages(kHugePage, unused == nullptr ? kHugePage : 0);
    unused_size = kHugePage;
  }
};

using Sizes = std::array<Places, kSizeMax / 8 + 1>;

// Slabs are never given back, as nobody knows whether a thread's objects outlive it: the next
// thread goes on with them.
class Owner {
 public:
  Owner() {
    const std::lock_guard lock(mutex());
    if (idle().empty()) {
      sizes_ = new Sizes;
    } else {
      sizes_ = idle().back();
      idle().pop_back();
    }
  }
  ~Owner() {
    const std::lock_guard lock(mutex());
    idle().push_back(sizes_);
  }
  Sizes& sizes() { return *sizes_; }

 private:
  static std::mutex& mutex() {
    static std::mutex mutex;
    return mutex;
  }
  static std::vector<Sizes*>& idle() {
    static auto& idle = *new std::vector<Sizes*>;
    return idle;
  }

  Sizes* sizes_;
};

// Its multiple of 8, or of 16.
size_t Round(size_t size) {
  return size < 64 ? (size + 7) & ~size_t{7} : (size + 15) & ~size_t{15};
}

Places& PlacesOf(size_t size) {
  static thread_local Owner owner;
  return owner.sizes()[size / 8];
}

}  // namespace

void* AllocatePooled(size_t size) {
  size = Round(size);
  return size > kSizeMax ? ::operator new(size) : PlacesOf(size).Take(size);
}

void FreePooled(void* memory, size_t size) {
  size = Round(size);
  if (size > kSizeMax) return ::operator delete(memory, size);
  Places& places = PlacesOf(size);
  places.free = new (memory) Place{places.free};
  ASAN_POISON_MEMORY_REGION(memory, size);
}

}  // namespace core
