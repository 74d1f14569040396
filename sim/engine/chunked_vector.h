#ifndef SIM_ENGINE_CHUNKED_VECTOR_H_
#define SIM_ENGINE_CHUNKED_VECTOR_H_

#include <bit>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "core/base/huge_pages.h"

namespace sim {

// A list that grows by chunks: its elements stay where they are, growing never needs the memory
// twice, and what is large lies on huge pages (see core/base/huge_pages.h).
template <class T>
class ChunkedVector {
 public:
  // Elements of a chunk: the fewest, of the powers of two, that fill huge pages.
  static constexpr size_t kChunk = core::kHugePage >> std::countr_zero(sizeof(T));

  ChunkedVector() = default;
  ChunkedVector(const ChunkedVector&) = delete;
  ChunkedVector& operator=(const ChunkedVector&) = delete;
  ~ChunkedVector() {
    for (size_t i = 0; i < size_; ++i) (*this)[i].~T();
    for (T* chunk : chunks_) std::free(chunk);
  }

  T& operator[](size_t index) { return chunks_[index / kChunk][index % kChunk]; }
  const T& operator[](size_t index) const { return chunks_[index / kChunk][index % kChunk]; }
  size_t size() const { return size_; }

  template <class... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    if (size_ == chunks_.size() * kChunk) AddChunk();
    return *new (&(*this)[size_++]) T(std::forward<Arguments>(arguments)...);
  }

 private:
  // Pages are there once they are touched. The list's first 2 MiB are no huge page: there are many
  // small lists.
  void AddChunk() {
    const size_t small = chunks_.empty() ? core::kHugePage : 0;
    chunks_.push_back(reinterpret_cast<T*>(core::AllocateHugePages(kChunk * sizeof(T), small)));
  }

  std::vector<T*> chunks_;
  size_t size_ = 0;
};

}  // namespace sim

#endif  // SIM_ENGINE_CHUNKED_VECTOR_H_
