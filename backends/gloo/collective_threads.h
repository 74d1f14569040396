#ifndef BACKENDS_GLOO_COLLECTIVE_THREADS_H_
#define BACKENDS_GLOO_COLLECTIVE_THREADS_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "backends/gloo/collective.h"
#include "backends/gloo/peers.h"
#include "backends/worker_thread.h"
#include "core/collectives/collective_queue.h"
#include "core/timeline.h"
#include "core/work.h"

namespace backends {

// Runs the collectives of one rank, in the order of the calls, on a thread of its own; another one
// waits for their ends, so that the next collective is summed while sums are on their way.
class CollectiveThreads {
 public:
  // `timeline` may be null.
  CollectiveThreads(Peers& peers, core::Timeline* timeline);

  // After Peers::Stop(): ends the threads. What is in flight fails. Call before destruction.
  void Join();

  core::Work Start(const core::CollectiveCall& call);

 private:
  using Exchange = std::unique_ptr<core::DirectExchange>;

  void Run();
  // Blocks until there is something to do; false if there will be nothing any more.
  bool AwaitCalls();
  void MakeProgress();
  void AdvanceOldest();
  void FailAll();

  CollectiveContext context_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  uint64_t next_ = 0;
  std::deque<Exchange> calls_;
  core::CollectiveQueue queue_;  // Of the first thread: where calls go on.
  std::optional<WorkerThread> ends_{std::in_place};
  std::thread thread_;
};

}  // namespace backends

#endif  // BACKENDS_GLOO_COLLECTIVE_THREADS_H_
