#ifndef SIM_POOL_H_
#define SIM_POOL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sim {

// Objects by id. They stay where they are; ids, and the memory that the objects own, are used
// again.
template <class T>
class Pool {
 public:
  T& operator[](uint32_t id) { return chunks_[id / kChunk][id % kChunk]; }
  const T& operator[](uint32_t id) const { return chunks_[id / kChunk][id % kChunk]; }
  // Ids are below it.
  size_t size() const { return size_; }

  // An object as it was left when its id was deleted, or a new one.
  uint32_t New() {
    if (!free_.empty()) {
      const uint32_t id = free_.back();
      free_.pop_back();
      return id;
    }
    if (size_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<T[]>(kChunk));
    return static_cast<uint32_t>(size_++);
  }
  void Delete(uint32_t id) { free_.push_back(id); }

 private:
  static constexpr size_t kChunk = 256;

  std::vector<std::unique_ptr<T[]>> chunks_;
  size_t size_ = 0;
  std::vector<uint32_t> free_;
};

}  // namespace sim

#endif  // SIM_POOL_H_
