#ifndef SIM_TIMER_QUEUE_H_
#define SIM_TIMER_QUEUE_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace sim {

// Whom a timer tells.
class TimerHandler {
 public:
  virtual void OnTimer(uint64_t argument) = 0;
  // One of the next few timers: may bring what it will need into the processor's cache. Called with
  // stage 3 or less, then with less and less.
  virtual void Expect(uint64_t, int) const {}

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
    if (!(occupied_ & 1)) Refill();
    std::vector<Timer>& due = buckets_[0];
    const Timer timer = due[popped_];
    if (popped_ + kAhead < due.size()) {
      due[popped_ + kAhead].handler->Expect(due[popped_ + kAhead].argument, 3);
      due[popped_ + kAhead / 2].handler->Expect(due[popped_ + kAhead / 2].argument, 2);
    }
    if (++popped_ == due.size()) {
      Clear(due);
      popped_ = 0;
      occupied_ &= ~uint64_t{1};
    }
    return timer;
  }

 private:
  static constexpr size_t kAhead = 16;

  void Insert(uint64_t key, const Timer& timer) {
    const int bucket = std::bit_width(key ^ last_);
    const uint64_t bit = uint64_t{1} << bucket;
    least_[bucket] = occupied_ & bit ? std::min(least_[bucket], key) : key;
    most_[bucket] = occupied_ & bit ? std::max(most_[bucket], key) : key;
    occupied_ |= bit;
    buckets_[bucket].push_back(timer);
  }

  // Spreads the first bucket over the ones below it, which are empty.
  void Refill() {
    const int bucket = std::countr_zero(occupied_);
    occupied_ &= ~(uint64_t{1} << bucket);
    last_ = least_[bucket];
    if (most_[bucket] == last_) {  // All at the same time.
      buckets_[0].swap(buckets_[bucket]);
      least_[0] = most_[0] = last_;
      occupied_ |= 1;
      return;
    }
    const int stage = std::bit_width(buckets_[bucket].size()) - 1;  // 3: 8 to 15 timers.
    for (const Timer& timer : buckets_[bucket]) {
      if (stage <= 3) timer.handler->Expect(timer.argument, stage);
      Insert(std::bit_cast<uint64_t>(timer.time), timer);
    }
    Clear(buckets_[bucket]);
  }

  // Large buckets give their memory back: a timer would else cost that of every bucket it was in.
  static void Clear(std::vector<Timer>& bucket) {
    constexpr size_t kKept = 4096;
    if (bucket.capacity() > kKept) {
      std::vector<Timer>().swap(bucket);
    } else {
      bucket.clear();
    }
  }

  uint64_t last_ = 0;                 // Bits of the time popped last.
  uint64_t occupied_ = 0;             // Bit b: bucket b is not empty.
  size_t popped_ = 0;                 // How many of the first bucket are gone.
  std::array<uint64_t, 64> least_{};  // By bucket.
  std::array<uint64_t, 64> most_{};
  std::array<std::vector<Timer>, 64> buckets_;
};

}  // namespace sim

#endif  // SIM_TIMER_QUEUE_H_
