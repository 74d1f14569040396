#ifndef SIM_COMPLETION_H_
#define SIM_COMPLETION_H_

#include <coroutine>
#include <memory>
#include <utility>

#include "core/span.h"
#include "core/timeline.h"
#include "core/work.h"
#include "sim/engine.h"
#include "sim/recycling_allocator.h"

namespace sim {

// A simulated operation of one or more parts, done when they all are. One coroutine may await it.
class Completion : public core::Operation {
 public:
  explicit Completion(int parts) : parts_(parts) {}

  bool Await(std::coroutine_handle<> waiter) override {
    if (parts_ == 0) return false;
    waiter_ = waiter;
    return true;
  }

  // Fetches what resuming its waiter needs first.
  void Prefetch() const { __builtin_prefetch(waiter_.address()); }

  // One part is done now.
  void FinishPart(Engine& engine) {
    if (--parts_ > 0) return;
    OnDone(engine.now());
    if (waiter_) engine.Resume(std::exchange(waiter_, nullptr));
  }

 private:
  virtual void OnDone(double) {}

  int parts_;
  std::coroutine_handle<> waiter_;
};

// One that leaves its span, but for the end, on a timeline that outlives it.
class RecordedCompletion : public Completion {
 public:
  RecordedCompletion(int parts, core::Timeline& timeline, core::Span span)
      : Completion(parts), timeline_(timeline), span_(span) {}

 private:
  void OnDone(double now) override {
    span_.end = core::Duration(now);
    timeline_.Record(span_);
  }

  core::Timeline& timeline_;
  core::Span span_;
};

// Recorded where there is a timeline.
inline std::shared_ptr<Completion> MakeCompletion(int parts, core::Timeline* timeline,
                                                  core::Span span) {
  if (timeline) return std::make_shared<RecordedCompletion>(parts, *timeline, span);
  return MakeRecycled<Completion>(parts);
}

}  // namespace sim

#endif  // SIM_COMPLETION_H_
