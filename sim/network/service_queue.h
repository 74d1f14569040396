#ifndef SIM_NETWORK_SERVICE_QUEUE_H_
#define SIM_NETWORK_SERVICE_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sim {

// What waits for a number, `key`, to be reached; void once the stamp of its owner, `id`, has
// changed.
struct Due {
  double key;
  uint32_t id;
  uint32_t stamp;

  bool operator<(const Due& other) const { return key < other.key; }
};

// Entries by key, least first: a plain FIFO as long as they come in order, as they do where
// messages are equal, and a heap for the rest.
class ServiceQueue {
 public:
  bool empty() const { return first_ == fifo_.size() && heap_.empty(); }
  size_t size() const { return fifo_.size() - first_ + heap_.size(); }
  const Due& top() const { return InOrder() ? fifo_[first_] : heap_.front(); }

  void Push(const Due& due) {
    if (first_ == fifo_.size()) {
      fifo_.clear();
      first_ = 0;
    }
    if (fifo_.empty() || !(due < fifo_.back())) {
      fifo_.push_back(due);
    } else {
      heap_.push_back(due);
      std::push_heap(heap_.begin(), heap_.end(), Later);
    }
  }

  void Pop() {
    if (InOrder()) {
      if (++first_ >= 64 && first_ * 2 > fifo_.size()) DropPopped();
      // Another queue may need the memory next.
      if (fifo_.empty() && fifo_.capacity() > kKept) std::vector<Due>().swap(fifo_);
    } else {
      std::pop_heap(heap_.begin(), heap_.end(), Later);
      heap_.pop_back();
    }
  }

  void Clear() {
    fifo_.clear();
    heap_.clear();
    first_ = 0;
  }

  // Drops the entries that hold no longer when they may be more than half.
  template <class Holds>
  void Purge(Holds holds) {
    if (size() < purge_size_) return;
    DropPopped();
    const auto stale = [&](const Due& due) { return !holds(due); };
    std::erase_if(fifo_, stale);
    if (std::erase_if(heap_, stale)) std::make_heap(heap_.begin(), heap_.end(), Later);
    purge_size_ = 2 * size() + 64;
  }

  // `change` keeps the order of the entries.
  template <class Change>
  void ForEach(Change change) {
    for (size_t i = first_; i < fifo_.size(); ++i) change(fifo_[i]);
    for (Due& due : heap_) change(due);
  }

 private:
  static bool Later(const Due& a, const Due& b) { return b < a; }
  bool InOrder() const {
    return first_ < fifo_.size() && (heap_.empty() || !(heap_.front() < fifo_[first_]));
  }
  void DropPopped() {
    fifo_.erase(fifo_.begin(), fifo_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }

  static constexpr size_t kKept = 4096;  // Entries for which an empty queue keeps memory.

  std::vector<Due> fifo_;
  std::vector<Due> heap_;
  size_t first_ = 0;
  size_t purge_size_ = 64;
};

}  // namespace sim

#endif  // SIM_NETWORK_SERVICE_QUEUE_H_
