#ifndef SIM_ENGINE_COMPLETION_H_
#define SIM_ENGINE_COMPLETION_H_

#include <coroutine>
#include <cstdint>
#include <utility>

#include "core/base/pooled.h"
#include "core/span.h"
#include "core/timeline.h"
#include "core/work.h"
#include "sim/engine/engine.h"

namespace sim {

// A simulated operation of one or more parts, done when they all are. One coroutine may await it.
// It is there as long as the caller's Work, or one of its parts.
class Completion : public core::Operation, public core::Pooled {
 public:
  explicit Completion(int parts) : parts_(parts) {}

  bool Await(std::coroutine_handle<> waiter) override {
    if (parts_ == 0) return false;
    waiter_ = waiter;
    return true;
  }
  void Drop() override {
    if (--holders_ == 0) delete this;
  }

 private:
  friend class Part;

  virtual void OnDone(double) {}

  void FinishPart(Engine& engine) {
    if (--parts_ > 0) return;
    OnDone(engine.now());
    if (waiter_) engine.Resume(std::exchange(waiter_, nullptr));
  }

  int32_t parts_;
  int32_t holders_ = 1;  // Parts that are somewhere, and the Work.
  std::coroutine_handle<> waiter_;
};

// One of a completion's parts, with whoever is to finish it. Empty once it is finished.
class Part {
 public:
  Part() = default;
  explicit Part(Completion& completion) : completion_(&completion) { ++completion.holders_; }
  Part(Part&& other) noexcept : completion_(std::exchange(other.completion_, nullptr)) {}
  Part& operator=(Part&& other) noexcept {
    std::swap(completion_, other.completion_);
    return *this;
  }
  ~Part() {
    if (completion_) completion_->Drop();
  }

  explicit operator bool() const { return completion_ != nullptr; }

  // It is done now.
  void Finish(Engine& engine) {
    completion_->FinishPart(engine);
    std::exchange(completion_, nullptr)->Drop();
  }

 private:
  Completion* completion_ = nullptr;
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

// For a Work to hold; recorded where there is a timeline.
inline Completion& MakeCompletion(int parts, core::Timeline* timeline, core::Span span) {
  return timeline ? *new RecordedCompletion(parts, *timeline, span) : *new Completion(parts);
}

}  // namespace sim

#endif  // SIM_ENGINE_COMPLETION_H_
