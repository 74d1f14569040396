#ifndef SIM_ENGINE_TIMER_QUEUE_H_
#define SIM_ENGINE_TIMER_QUEUE_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "sim/engine/pool.h"

namespace sim {

// Whom a timer tells.
class TimerHandler {
 public:
  virtual void OnTimer(uint64_t argument) = 0;

 protected:
  ~TimerHandler() = default;
};

struct Timer {
  double time;  // Seconds, not negative.
  TimerHandler* handler;
  uint64_t argument;
};

// Timers, first due first, and in the order in which they were set among equals.
//
// A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990): bucket b holds the timers that differ from
// the last one popped in bit b − 1 and in none above, so that a timer moves from bucket to lower
// bucket, sequentially in memory, where a binary heap of a million timers misses the cache at every
// level. Not-negative doubles compare like their bits.
class TimerQueue {
 public:
  bool empty() const { return occupied_ == 0; }

  // Seconds; infinite if there is none.
  double Next() const {
    if (occupied_ == 0) return std::numeric_limits<double>::infinity();
    return std::bit_cast<double>(least_[std::countr_zero(occupied_)]);
  }

  // A time before the last one popped counts as that one.
  void Push(Timer timer) {
    timer.time = std::max(timer.time, std::bit_cast<double>(last_));
    Insert(std::bit_cast<uint64_t>(timer.time), timer);
  }

  Timer Pop() {
    if (!(occupied_ & 1)) Redistribute();
    Bucket& due = buckets_[0];
    const Timer timer = At(due, popped_);
    if (++popped_ % kBlock == 0) blocks_.Delete(due.blocks[popped_ / kBlock - 1]);
    if (popped_ == due.size) {
      if (popped_ % kBlock != 0) blocks_.Delete(due.blocks.back());
      due.Clear();
      popped_ = 0;
      occupied_ &= ~uint64_t{1};
    }
    return timer;
  }

 private:
  static constexpr size_t kBlock = 256;

  using Block = std::array<Timer, kBlock>;
  // Timers in blocks that all buckets share: a timer costs the memory of one bucket, not of every
  // bucket it was in, and what one gives back the next one takes.
  struct Bucket {
    std::vector<uint32_t> blocks;
    size_t size = 0;

    void Clear() {
      blocks.clear();
      size = 0;
    }
  };

  const Timer& At(const Bucket& bucket, size_t index) const {
    return blocks_[bucket.blocks[index / kBlock]][index % kBlock];
  }

  void Insert(uint64_t key, const Timer& timer) {
    const int index = std::bit_width(key ^ last_);
    const uint64_t bit = uint64_t{1} << index;
    least_[index] = occupied_ & bit ? std::min(least_[index], key) : key;
    most_[index] = occupied_ & bit ? std::max(most_[index], key) : key;
    occupied_ |= bit;
    Bucket& bucket = buckets_[index];
    const size_t place = bucket.size++ % kBlock;
    if (place == 0) bucket.blocks.push_back(blocks_.New());
    blocks_[bucket.blocks.back()][place] = timer;
  }

  // Spreads the first bucket over the ones below it, which are empty.
  void Redistribute() {
    const int index = std::countr_zero(occupied_);
    occupied_ &= ~(uint64_t{1} << index);
    last_ = least_[index];
    Bucket& bucket = buckets_[index];
    if (most_[index] == last_) {  // All at the same time.
      std::swap(buckets_[0], bucket);
      least_[0] = most_[0] = last_;
      occupied_ |= 1;
      return;
    }
    for (size_t i = 0; i < bucket.size; ++i) {
      const Timer& timer = At(bucket, i);
      Insert(std::bit_cast<uint64_t>(timer.time), timer);
      if ((i + 1) % kBlock == 0 || i + 1 == bucket.size) blocks_.Delete(bucket.blocks[i / kBlock]);
    }
    bucket.Clear();
  }

  uint64_t last_ = 0;                 // Bits of the time popped last.
  uint64_t occupied_ = 0;             // Bit b: bucket b is not empty.
  size_t popped_ = 0;                 // How many of the first bucket are gone.
  std::array<uint64_t, 64> least_{};  // By bucket.
  std::array<uint64_t, 64> most_{};
  std::array<Bucket, 64> buckets_;
  Pool<Block> blocks_;
};

}  // namespace sim

#endif  // SIM_ENGINE_TIMER_QUEUE_H_
