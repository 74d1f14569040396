#ifndef SIM_ENGINE_ENGINE_H_
#define SIM_ENGINE_ENGINE_H_

#include <coroutine>
#include <cstdint>
#include <vector>

#include "sim/engine/timer_queue.h"

namespace sim {

// Something whose events depend on one another: the flows that share a network's links.
class EventSource {
 public:
  // When its next event happens if nothing else does before; infinite for never.
  virtual double Next() const = 0;
  // Lets the events happen that are due at `now`, and those within its Horizon.
  virtual void Advance(double now) = 0;
  // Nothing more happens at `now`: plans what comes next.
  virtual void Settle(double now) = 0;

 protected:
  ~EventSource() = default;
};

// The virtual clock, in seconds, and all that waits for it.
//
// What happens at the same instant happens in the order in which it was scheduled, so a run is a
// function of its inputs. An instant reaches as far as Horizon says.
class Engine {
 public:
  double now() const { return now_; }
  // Timers, source events and resumptions so far.
  uint64_t event_count() const { return event_count_; }

  // Calls handler.OnTimer(argument) at `time`, now at the earliest.
  void At(double time, TimerHandler& handler, uint64_t argument) {
    timers_.Push({time, &handler, argument});
  }
  // Resumes a coroutine at this instant, after all that was to be resumed before.
  void Resume(std::coroutine_handle<> waiter) { ready_.push_back(waiter); }
  // At most one source; it outlives the run.
  void Attach(EventSource& source) { source_ = &source; }

  // Until nothing is scheduled any more.
  void Run();

 private:
  void ResumeReady();
  double Next() const;

  double now_ = 0;
  uint64_t event_count_ = 0;
  TimerQueue timers_;
  std::vector<std::coroutine_handle<>> ready_;
  EventSource* source_ = nullptr;
};

}  // namespace sim

#endif  // SIM_ENGINE_ENGINE_H_
