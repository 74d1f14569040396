#ifndef BACKENDS_TORCH_ENGINE_DEVICE_GRADIENT_QUEUE_H_
#define BACKENDS_TORCH_ENGINE_DEVICE_GRADIENT_QUEUE_H_

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "backends/cuda/compute_order.h"
#include "core/replica.h"

namespace backends {

// Hands gradients over as soon as the device has been told to compute them, each with the event
// after which it is final: what the one who takes it starts then comes after that event, and not
// after what the device is told later.
class EventQueue final : public core::Gradients {
 public:
  explicit EventQueue(ComputeOrder& order) : order_(order) {}

  // Forgets the pass before.
  void Begin();
  void Push(core::Gradient gradient, std::shared_ptr<DeviceEvent> final);
  // The pass is told; `error` is null if it went well.
  void End(std::shared_ptr<DeviceEvent> end, std::exception_ptr error);

 private:
  bool Await(std::coroutine_handle<> waiter) override;
  std::optional<core::Gradient> Take() override;

  ComputeOrder& order_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<std::pair<core::Gradient, std::shared_ptr<DeviceEvent>>> queue_;
  bool over_ = true;
  std::shared_ptr<DeviceEvent> end_;
  std::exception_ptr error_;
};

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_DEVICE_GRADIENT_QUEUE_H_
