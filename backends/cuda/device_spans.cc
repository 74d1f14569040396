#include "backends/cuda/device_spans.h"

#include <utility>

namespace backends {

DeviceSpans::DeviceSpans(DeviceStream& compute, const core::Clock& clock)
    : compute_(compute), clock_(clock) {
  Begin();
}

void DeviceSpans::Record(core::SpanKind kind, std::shared_ptr<DeviceEvent> start,
                         std::shared_ptr<DeviceEvent> end, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  pending_.push_back({kind, std::move(start), std::move(end), bytes});
}

core::Duration DeviceSpans::TimeOf(const DeviceEvent& event) const {
  return TimeAfter(anchor_, event);
}

std::vector<core::Span> DeviceSpans::Begin() {
  const std::vector<Pending> before = TakePending();
  std::vector<core::Span> spans;
  if (anchor_.event) spans = Resolve(before, anchor_);
  anchor_.event = compute_.Record();
  anchor_.event->Wait();
  anchor_.time = clock_.Now();
  return spans;
}

void DeviceSpans::EndStep() { steps_.push_back({TakePending(), compute_.Record()}); }

std::vector<DeviceSpans::Step> DeviceSpans::Take() {
  std::vector<Step> steps;
  if (!steps_.empty()) steps_.back().end->Wait();
  for (PendingStep& step : std::exchange(steps_, {})) {
    std::vector<core::Span> spans = Resolve(step.spans, anchor_);
    // From step to step, as CUDA tells times between events in single precision.
    anchor_ = {step.end, TimeAfter(anchor_, *step.end)};
    steps.push_back({std::move(spans), anchor_.time});
  }
  return steps;
}

std::vector<DeviceSpans::Pending> DeviceSpans::TakePending() {
  const std::lock_guard lock(mutex_);
  return std::exchange(pending_, {});
}

std::vector<core::Span> DeviceSpans::Resolve(const std::vector<Pending>& pending,
                                             const Anchor& anchor) {
  std::vector<core::Span> spans;
  for (const Pending& span : pending) {
    span.end->Wait();
    spans.push_back(
        {span.kind, TimeAfter(anchor, *span.start), TimeAfter(anchor, *span.end), span.bytes});
  }
  return spans;
}

core::Duration DeviceSpans::TimeAfter(const Anchor& anchor, const DeviceEvent& event) {
  return anchor.time + core::Duration(event.SecondsSince(*anchor.event));
}

}  // namespace backends
