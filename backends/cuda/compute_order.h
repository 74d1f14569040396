#ifndef BACKENDS_CUDA_COMPUTE_ORDER_H_
#define BACKENDS_CUDA_COMPUTE_ORDER_H_

#include <memory>
#include <mutex>
#include <utility>

#include "backends/cuda/device.h"

namespace backends {

// The order between what a replica computes on its stream and what a communicator moves on streams
// of its own: an operation begins, on the device, after everything of the other side that has been
// awaited before it was started. The host waits for neither.
class ComputeOrder {
 public:
  explicit ComputeOrder(DeviceStream& compute) : compute_(compute) {}

  // For the replica: everything on its stream up to `event` has been awaited.
  void Awaited(std::shared_ptr<DeviceEvent> event) {
    const std::lock_guard lock(mutex_);
    awaited_ = std::move(event);
  }

  // For the communicator: the event after which an operation that is started now begins; null if
  // there is none.
  std::shared_ptr<DeviceEvent> awaited() const {
    const std::lock_guard lock(mutex_);
    return awaited_;
  }

  // For the communicator: an operation that ends with `event` has been awaited. What is computed
  // from now on begins after it.
  void Follow(const DeviceEvent& event) { compute_.WaitFor(event); }

 private:
  DeviceStream& compute_;
  mutable std::mutex mutex_;
  std::shared_ptr<DeviceEvent> awaited_;  // Guarded by mutex_.
};

}  // namespace backends

#endif  // BACKENDS_CUDA_COMPUTE_ORDER_H_
