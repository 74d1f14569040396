#ifndef BACKENDS_TORCH_ENGINE_LAUNCHED_OPERATION_H_
#define BACKENDS_TORCH_ENGINE_LAUNCHED_OPERATION_H_

#include <future>
#include <memory>
#include <utility>

#include "backends/cuda/compute_order.h"
#include "core/work.h"

namespace backends {

// Something that has been told to the device: who awaits it waits until it has been told, and makes
// what starts later come after it.
class Told final : public core::Operation {
 public:
  explicit Told(ComputeOrder& order) : order_(order) {}

  void Tell(std::shared_future<void> told) { told_ = std::move(told); }
  void End(std::shared_ptr<DeviceEvent> end) { end_ = std::move(end); }

  bool Await(std::coroutine_handle<>) override {
    told_.get();
    order_.Awaited(end_);
    return false;
  }

 private:
  ComputeOrder& order_;
  std::shared_future<void> told_;
  std::shared_ptr<DeviceEvent> end_;  // Set before told_ is ready.
};

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_LAUNCHED_OPERATION_H_
