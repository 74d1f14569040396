#ifndef SIM_RECYCLING_ALLOCATOR_H_
#define SIM_RECYCLING_ALLOCATOR_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "sim/chunks.h"

namespace sim {

// An allocator of single objects that are made and dropped by the million: they lie side by side,
// and one that was dropped is the next one made. For objects that one thread makes and drops.
template <class T>
class RecyclingAllocator {
 public:
  using value_type = T;

  RecyclingAllocator() = default;
  template <class Other>
  RecyclingAllocator(const RecyclingAllocator<Other>&) {}

  T* allocate(size_t) {
    Places& places = AllPlaces();
    if (places.free == nullptr) return reinterpret_cast<T*>(&places.made.emplace_back());
    Place* place = places.free;
    places.free = place->next;
    return reinterpret_cast<T*>(place);
  }
  void deallocate(T* object, size_t) {
    Places& places = AllPlaces();
    Place* place = reinterpret_cast<Place*>(object);
    place->next = places.free;
    places.free = place;
  }

  template <class Other>
  bool operator==(const RecyclingAllocator<Other>&) const {
    return true;
  }

 private:
  union Place {
    Place() : next(nullptr) {}
    Place* next;
    alignas(T) std::byte object[sizeof(T)];
  };
  struct Places {
    Chunks<Place> made;
    Place* free = nullptr;
  };

  static Places& AllPlaces() {
    static thread_local Places places;
    return places;
  }
};

template <class T, class... Arguments>
std::shared_ptr<T> MakeRecycled(Arguments&&... arguments) {
  return std::allocate_shared<T>(RecyclingAllocator<T>(), std::forward<Arguments>(arguments)...);
}

}  // namespace sim

#endif  // SIM_RECYCLING_ALLOCATOR_H_
