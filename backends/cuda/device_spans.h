#ifndef BACKENDS_CUDA_DEVICE_SPANS_H_
#define BACKENDS_CUDA_DEVICE_SPANS_H_

#include <memory>
#include <mutex>
#include <vector>

#include "backends/cuda/device.h"
#include "core/timeline.h"

namespace backends {

// Spans of a device's work: pairs of events, whose times are asked for in bulk when an interval
// ends. They are the run's times: device's and host's clock are compared at the begin of every
// interval.
class DeviceSpans final : public core::DeferredSpans {
 public:
  // A step ends when `compute` has done what it was told before. Both outlive the spans.
  DeviceSpans(DeviceStream& compute, const core::Clock& clock);

  // From any thread.
  void Record(core::SpanKind kind, std::shared_ptr<DeviceEvent> start,
              std::shared_ptr<DeviceEvent> end, int64_t bytes);

  // When `event`, one of this interval that has passed, did so: in the run's time. For the thread
  // that begins and takes steps.
  core::Duration TimeOf(const DeviceEvent& event) const;

  std::vector<core::Span> Begin() override;
  void EndStep() override;
  std::vector<Step> Take() override;

 private:
  struct Pending {
    core::SpanKind kind;
    std::shared_ptr<DeviceEvent> start, end;
    int64_t bytes;
  };
  struct PendingStep {
    std::vector<Pending> spans;
    std::shared_ptr<DeviceEvent> end;
  };

  // An instant of which both clocks are known.
  struct Anchor {
    std::shared_ptr<DeviceEvent> event;
    core::Duration time;
  };

  std::vector<Pending> TakePending();
  static std::vector<core::Span> Resolve(const std::vector<Pending>& pending, const Anchor& anchor);
  static core::Duration TimeAfter(const Anchor& anchor, const DeviceEvent& event);

  DeviceStream& compute_;
  const core::Clock& clock_;
  Anchor anchor_;  // The end of the newest step that was taken.
  std::vector<PendingStep> steps_;
  std::mutex mutex_;
  std::vector<Pending> pending_;  // Guarded by mutex_.
};

}  // namespace backends

#endif  // BACKENDS_CUDA_DEVICE_SPANS_H_
