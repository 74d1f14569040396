#ifndef SIM_ENGINE_POOL_H_
#define SIM_ENGINE_POOL_H_

#include <sanitizer/asan_interface.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/engine/chunked_vector.h"

namespace sim {

// Objects by id. They stay where they are; ids, and the memory that the objects own, are used
// again. AddressSanitizer reports whoever touches a deleted one.
template <class T>
class Pool {
 public:
  Pool() = default;
  ~Pool() {
    for (uint32_t id : free_) ASAN_UNPOISON_MEMORY_REGION(&items_[id], sizeof(T));
  }

  T& operator[](uint32_t id) { return items_[id]; }
  const T& operator[](uint32_t id) const { return items_[id]; }
  // Ids are below it.
  size_t size() const { return items_.size(); }

  // An object as it was left when its id was deleted, or a new one.
  uint32_t New() {
    if (free_.empty()) {
      items_.emplace_back();
      return static_cast<uint32_t>(items_.size() - 1);
    }
    const uint32_t id = free_.back();
    free_.pop_back();
    ASAN_UNPOISON_MEMORY_REGION(&items_[id], sizeof(T));
    return id;
  }
  void Delete(uint32_t id) {
    free_.push_back(id);
    ASAN_POISON_MEMORY_REGION(&items_[id], sizeof(T));
  }

 private:
  ChunkedVector<T> items_;
  std::vector<uint32_t> free_;
};

}  // namespace sim

#endif  // SIM_ENGINE_POOL_H_
