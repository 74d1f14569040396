#ifndef BACKENDS_CUDA_COMPUTE_ORDER_H_
#define BACKENDS_CUDA_COMPUTE_ORDER_H_

#include <memory>
#include <mutex>
#include <utility>

#include "backends/cuda/device.h"

namespace backends {

// The order between what a replica computes on its stream and what a communicator moves on others:
// what starts comes after what has been awaited, on the device; the host waits for neither.
class ComputeOrder {
 public:
  explicit ComputeOrder(DeviceStream& compute) : compute_(compute) {}

  // The replica: all up to `event` on its stream has been awaited.
  void Awaited(std::shared_ptr<DeviceEvent> event) {
    const std::lock_guard lock(mutex_);
    awaited_ = std::move(event);
  }

  // The communicator: what an operation that starts now comes after; null if there is nothing.
  std::shared_ptr<DeviceEvent> awaited() const {
    const std::lock_guard lock(mutex_);
    return awaited_;
  }

  // The communicator: an operation that ends with `event` has been awaited. What is computed from
  // now on comes after it.
  void Follow(const DeviceEvent& event) { compute_.WaitFor(event); }

 private:
  DeviceStream& compute_;
  mutable std::mutex mutex_;
  std::shared_ptr<DeviceEvent> awaited_;  // Guarded by mutex_.
};

}  // namespace backends

#endif  // BACKENDS_CUDA_COMPUTE_ORDER_H_
