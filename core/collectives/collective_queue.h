#ifndef CORE_COLLECTIVES_COLLECTIVE_QUEUE_H_
#define CORE_COLLECTIVES_COLLECTIVE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "core/collectives/direct_exchange.h"
#include "core/task.h"

namespace core {

// One rank's collectives by direct exchange, which are advanced in the order of the calls.
//
// Those that wait behind another have begun as far as they can without anything but room for
// segments: their elements are on the way while the one before is being summed, and are summed
// while its sums are on the way. So who runs the queue has two things to do: to advance the oldest,
// which waits for other ranks, and meanwhile, whenever a collective has been added, to make
// progress: who opens late keeps all others waiting.
//
//   queue.MakeProgress();
//   co_await queue.AdvanceOldest();
//   if (auto advanced = queue.TakeAdvanced()) …  // Finish, Complete: may be left to others.
class CollectiveQueue {
 public:
  void Add(std::unique_ptr<DirectExchange> collective) {
    collectives_.push_back(std::move(collective));
  }
  bool empty() const { return collectives_.empty(); }

  // Opens collectives, and starts segments, as far as there is room: does not wait.
  void MakeProgress();
  // Advances the oldest collective, which has been opened, by one segment.
  Task AdvanceOldest();
  // The oldest collective, if others need nothing of this rank for it any more; else null.
  std::unique_ptr<DirectExchange> TakeAdvanced();
  // Drops all collectives, oldest first: after a failure.
  void Clear();

 private:
  std::deque<std::unique_ptr<DirectExchange>> collectives_;
  size_t opened_ = 0;             // So many of them have been opened, from the oldest on.
  bool others_are_here_ = false;  // All other ranks have opened the oldest, too.
  int64_t started_ = 0;           // Segments, of all collectives so far,
  int64_t advanced_ = 0;          // and those of them that need no room any more.
};

}  // namespace core

#endif  // CORE_COLLECTIVES_COLLECTIVE_QUEUE_H_
