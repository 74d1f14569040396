#ifndef CORE_TIMELINE_H_
#define CORE_TIMELINE_H_

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "core/span.h"

namespace core {

// Time since the run began: of a steady clock, or virtual.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Duration Now() const = 0;
};

// Where one step's time went. Every figure is the length of a union of spans, so that what happened
// at the same time counts once.
struct Breakdown {
  Duration total{};          // From the end of the step before to the end of this one.
  Duration load{};           // Waiting for data.
  Duration computation{};    // Forward, backward, update, accumulate.
  Duration communication{};  // Anything in flight.
  Duration exposed{};        // The part of communication during which nothing was computed.
  Duration pull{};
  Duration push{};
  int64_t bytes = 0;  // Sum over communications.

  Duration hidden() const { return communication - exposed; }
};

// `spans` of one step that took `total`. Pure: the one definition of these figures for all worlds.
Breakdown Break(std::vector<Span> spans, Duration total);

// What one worker did, and when. Record may be called from any thread; the rest from one.
class Timeline {
 public:
  // Keeps all spans for trace() if `tracing`, else only those of the current step.
  Timeline(const Clock& clock, bool tracing) : clock_(clock), tracing_(tracing) {}

  Duration Now() const { return clock_.Now(); }
  void Record(Span span);

  // Begins the first step of an interval: what was recorded before belongs to no step.
  void BeginSteps();
  // Ends a step and begins the next. All its operations have been awaited, hence recorded.
  void EndStep();
  // The breakdowns of the steps that ended since BeginSteps.
  std::vector<Breakdown> TakeSteps() { return std::exchange(steps_, {}); }

  struct Traced {
    int64_t step;  // From 0 over the whole run; −1 outside of steps.
    Span span;
  };
  const std::vector<Traced>& trace() const { return trace_; }

 private:
  void Trace(int64_t step, const std::vector<Span>& spans);

  const Clock& clock_;
  const bool tracing_;
  std::mutex mutex_;
  std::vector<Span> current_;  // Guarded by mutex_.
  Duration step_start_{};
  int64_t step_count_ = 0;
  std::vector<Breakdown> steps_;
  std::vector<Traced> trace_;
};

}  // namespace core

#endif  // CORE_TIMELINE_H_
