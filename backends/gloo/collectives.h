#ifndef BACKENDS_GLOO_COLLECTIVES_H_
#define BACKENDS_GLOO_COLLECTIVES_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "backends/gloo/collective.h"
#include "backends/gloo/openings.h"
#include "backends/gloo/peers.h"
#include "core/timeline.h"
#include "core/work.h"

namespace backends {

// Runs the collectives of one rank, in the order of the calls, on a thread of its own; another one
// waits for their ends.
//
// Those that wait behind another have begun as far as they can without anything but memory: their
// elements are on the way while the one before is being summed, and are summed while its sums are
// on the way.
class Collectives {
 public:
  // `timeline` may be null.
  Collectives(Peers& peers, core::Timeline* timeline);

  // After Peers::Stop(): ends the threads. What is in flight fails. Call before destruction.
  void Join();

  core::Work Start(const CollectiveCall& call);

 private:
  void Run();
  // Opens what has been called, and starts segments, as far as there is room. Also while a wait for
  // others goes on: who opens late keeps all others waiting.
  void StartAhead();
  void AdvanceOldest();
  void FailAll();
  void Fail(std::unique_ptr<Collective> collective);

  // All but whose end others have nothing to do with.
  struct Advanced {
    std::unique_ptr<Collective> collective;
    core::Duration start{};  // Of its transfer.
  };
  void RunEnds();
  // Blocks; without a collective if there will be none.
  Advanced NextAdvanced();
  void End(Advanced advanced);

  Peers& peers_;
  core::Timeline* const timeline_;
  Openings openings_;
  Scratch scratch_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  uint64_t next_ = 0;
  std::deque<std::unique_ptr<Collective>> calls_;
  std::deque<Advanced> advanced_;
  std::condition_variable advanced_changed_;
  bool all_advanced_ = false;  // Nothing comes any more.

  // Of the first thread.
  std::deque<std::unique_ptr<Collective>> open_;
  size_t opened_ = 0;       // So many of them have been opened, from the oldest on.
  core::Duration start_{};  // Of the oldest's transfer.
  const std::function<void()> attend_ = [this] { StartAhead(); };
  std::thread thread_;
  std::thread ends_;
};

}  // namespace backends

#endif  // BACKENDS_GLOO_COLLECTIVES_H_
