#ifndef SIM_CHUNKS_H_
#define SIM_CHUNKS_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sim {

// A list that grows by chunks: its elements stay where they are, and growing never needs the memory
// twice.
template <class T>
class Chunks {
 public:
  static constexpr size_t kChunk = 512;

  T& operator[](size_t index) { return chunks_[index / kChunk][index % kChunk]; }
  const T& operator[](size_t index) const { return chunks_[index / kChunk][index % kChunk]; }
  size_t size() const { return size_; }

  void push_back(T value) {
    if (size_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<T[]>(kChunk));
    (*this)[size_++] = std::move(value);
  }
  // Appends unused elements until the next `count` will lie side by side.
  void Align(size_t count) {
    while (size_ % kChunk + count > kChunk) push_back(T());
  }

 private:
  std::vector<std::unique_ptr<T[]>> chunks_;
  size_t size_ = 0;
};

}  // namespace sim

#endif  // SIM_CHUNKS_H_
