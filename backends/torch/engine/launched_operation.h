#ifndef BACKENDS_TORCH_ENGINE_LAUNCHED_OPERATION_H_
#define BACKENDS_TORCH_ENGINE_LAUNCHED_OPERATION_H_

#include <memory>

#include "backends/completion.h"
#include "backends/cuda/compute_order.h"

namespace backends {

// Something that is launched on a device: who awaits it waits until it has been launched, and makes
// what starts later come after it.
class LaunchedOperation final : public Completion {
 public:
  explicit LaunchedOperation(ComputeOrder& order) : order_(order) {}

  bool Await(std::coroutine_handle<> waiter) override {
    Completion::Await(waiter);
    order_.Awaited(end);
    return false;
  }

  std::shared_ptr<DeviceEvent> end;  // Set before it is finished.

 private:
  ComputeOrder& order_;
};

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_LAUNCHED_OPERATION_H_
