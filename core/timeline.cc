#include "core/timeline.h"

namespace core {
void Timeline::Record(Span span) {
  std::lock_guard lock(mutex_);
  current_.push_back(span);
}

void Timeline::BeginSteps() {
  Trace(-1, TakeCurrent());
  if (deferred_ != nullptr) Trace(-1, deferred_->Begin());
  step_start_ = Now();
}

void Timeline::EndStep() {
  if (deferred_ == nullptr) {
    const Duration now = Now();
    CloseStep(TakeCurrent(), now);
    return;
  }
  deferred_->EndStep();
  waiting_.push_back(TakeCurrent());
}

void Timeline::EndSteps() {
  if (waiting_.empty()) return;
  std::vector<std::vector<Span>> waiting = std::exchange(waiting_, {});
  std::vector<DeferredSpans::Step> deferred = deferred_->Take();
  for (size_t i = 0; i < waiting.size(); ++i) {
    std::vector<Span> spans = std::move(waiting[i]);
    spans.insert(spans.end(), deferred[i].spans.begin(), deferred[i].spans.end());
    CloseStep(std::move(spans), deferred[i].end);
  }
}

std::vector<Span> Timeline::TakeCurrent() {
  std::lock_guard lock(mutex_);
  std::vector<Span> spans;
  spans.swap(current_);
  current_.reserve(spans.size());
  return spans;
}

void Timeline::CloseStep(std::vector<Span> spans, Duration end) {
  Trace(step_count_++, spans);
  steps_.push_back(ComputeBreakdown(std::move(spans), end - step_start_));
  step_start_ = end;
}

void Timeline::Trace(int64_t step, const std::vector<Span>& spans) {
  if (!tracing_) return;
  for (const Span& span : spans) trace_.push_back({step, span});
}

}  // namespace core
