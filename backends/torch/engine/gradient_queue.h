#ifndef BACKENDS_TORCH_ENGINE_GRADIENT_QUEUE_H_
#define BACKENDS_TORCH_ENGINE_GRADIENT_QUEUE_H_

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "backends/cuda/compute_order.h"
#include "core/replica.h"

namespace backends {

// Hands gradients over from the thread that computes them, or launches their computation on a
// device, to the one that awaits them.
//
// On a device each gradient comes with the event after which it is final. What the one who takes it
// starts then comes after that event, and not after what is launched later.
class GradientQueue final : public core::Gradients {
 public:
  // Null: gradients are final when they are pushed.
  explicit GradientQueue(ComputeOrder* order = nullptr) : order_(order) {}

  // Forgets the pass before.
  void Begin();
  void Push(core::Gradient gradient, std::shared_ptr<DeviceEvent> final = nullptr);
  // The pass is computed, or launched up to `end`; `error` is null if it went well.
  void End(std::exception_ptr error, std::shared_ptr<DeviceEvent> end = nullptr);

 private:
  bool Await(std::coroutine_handle<> waiter) override;
  std::optional<core::Gradient> Take() override;

  ComputeOrder* const order_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<std::pair<core::Gradient, std::shared_ptr<DeviceEvent>>> queue_;
  bool over_ = true;
  std::shared_ptr<DeviceEvent> end_;
  std::exception_ptr error_;
};

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_GRADIENT_QUEUE_H_
