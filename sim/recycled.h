#ifndef SIM_RECYCLED_H_
#define SIM_RECYCLED_H_

#include <cstddef>
#include <new>

#include "sim/chunks.h"

namespace sim {

// Base of a class T whose objects are made and dropped by the million: they lie side by side, and
// one that was dropped is the next one made. For objects that one thread makes and drops. Derived
// classes of another size come from the heap.
template <class T>
class Recycled {
 public:
  static void* operator new(size_t size) {
    if (size != sizeof(T)) return ::operator new(size);
    Places& places = AllPlaces();
    if (places.free == nullptr) return &places.made.emplace_back();
    Place* const place = places.free;
    places.free = place->next;
    return place;
  }
  static void operator delete(void* object, size_t size) {
    if (size != sizeof(T)) return ::operator delete(object, size);
    Places& places = AllPlaces();
    auto* const place = static_cast<Place*>(object);
    place->next = places.free;
    places.free = place;
  }

 private:
  union Place;
  struct Places;
  static Places& AllPlaces();
};

template <class T>
union Recycled<T>::Place {
  Place() : next(nullptr) {}
  Place* next;
  alignas(T) std::byte object[sizeof(T)];
};

template <class T>
struct Recycled<T>::Places {
  Chunks<Place> made;
  Place* free = nullptr;
};

template <class T>
typename Recycled<T>::Places& Recycled<T>::AllPlaces() {
  static thread_local Places places;
  return places;
}

}  // namespace sim

#endif  // SIM_RECYCLED_H_
