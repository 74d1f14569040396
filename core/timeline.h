#ifndef CORE_TIMELINE_H_
#define CORE_TIMELINE_H_

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "core/breakdown.h"
#include "core/span.h"

namespace core {

// Time since the run began: of a steady clock, or virtual.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Duration Now() const = 0;
};

// Spans that a device stamps while the host goes on, known only when it has come so far.
class DeferredSpans {
 public:
  struct Step {
    std::vector<Span> spans;
    Duration end{};
  };

  virtual ~DeferredSpans() = default;
  // An interval of steps begins. Waits for the device. Returns what belongs to no step.
  virtual std::vector<Span> Begin() = 0;
  // A step ends where the device will be when it has done all that it was told so far.
  virtual void EndStep() = 0;
  // Of every EndStep since the last call. Waits for the device.
  virtual std::vector<Step> Take() = 0;
};

// What one worker did, and when. Record may be called from any thread; the rest from one.
class Timeline {
 public:
  // Keeps all spans for trace() if `tracing`, else only those of the current step.
  Timeline(const Clock& clock, bool tracing) : clock_(clock), tracing_(tracing) {}

  // From now on steps end when the device's do, and have its spans as well. `spans` outlives the
  // steps.
  void Defer(DeferredSpans* spans) { deferred_ = spans; }

  Duration Now() const { return clock_.Now(); }
  void Record(Span span);

  // Begins the first step of an interval: what was recorded before belongs to no step.
  void BeginSteps();
  // Ends a step and begins the next. All its operations have been awaited, hence recorded.
  void EndStep();
  // Ends the interval: waits until its last step has ended.
  void EndSteps();
  // The breakdowns of the steps that ended since BeginSteps.
  std::vector<Breakdown> TakeSteps() {
    EndSteps();
    return std::exchange(steps_, {});
  }

  struct Traced {
    int64_t step;  // From 0 over the whole run; −1 outside of steps.
    Span span;
  };
  const std::vector<Traced>& trace() const { return trace_; }

 private:
  std::vector<Span> TakeCurrent();
  void CloseStep(std::vector<Span> spans, Duration end);
  void Trace(int64_t step, const std::vector<Span>& spans);

  const Clock& clock_;
  const bool tracing_;
  DeferredSpans* deferred_ = nullptr;
  std::vector<std::vector<Span>> waiting_;  // By step that ended but for deferred spans.
  std::mutex mutex_;
  std::vector<Span> current_;  // Guarded by mutex_.
  Duration step_start_{};
  int64_t step_count_ = 0;
  std::vector<Breakdown> steps_;
  std::vector<Traced> trace_;
};

}  // namespace core

#endif  // CORE_TIMELINE_H_
