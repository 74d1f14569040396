#ifndef BACKENDS_NCCL_NCCL_CHANNEL_H_
#define BACKENDS_NCCL_NCCL_CHANNEL_H_

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "backends/cuda/device.h"
#include "backends/cuda/device_spans.h"
#include "backends/nccl/nccl_group.h"
#include "backends/nccl/nccl_library.h"
#include "backends/worker_thread.h"

namespace backends {

// An NCCL communicator with a stream of its own, on which groups run in their order, and a thread
// that starts them: NCCL may take its time to connect ranks, which nobody else has to wait for.
class NcclChannel {
 public:
  // Called with a group's first operation when it cannot be started.
  using OnFailure = std::function<void(const OperationName& name, const std::exception& error)>;

  // `handle` is ready. `spans` may be null.
  NcclChannel(Device& device, std::unique_ptr<NcclHandle> handle, DeviceSpans* spans,
              OnFailure on_failure);
  ~NcclChannel();

  void Post(std::shared_ptr<NcclGroup> group);
  // Those that are not done, the oldest first.
  std::vector<std::shared_ptr<NcclGroup>> InFlight();
  NcclHandle& handle() { return *handle_; }
  DeviceStream& stream() { return *stream_; }

 private:
  void Start(NcclGroup& group);

  Device& device_;
  const std::unique_ptr<NcclHandle> handle_;
  DeviceSpans* const spans_;
  const OnFailure on_failure_;
  const std::unique_ptr<DeviceStream> stream_;

  std::mutex mutex_;
  std::deque<std::shared_ptr<NcclGroup>> in_flight_;  // Guarded by mutex_.
  std::optional<WorkerThread> thread_{std::in_place};
};

}  // namespace backends

#endif  // BACKENDS_NCCL_NCCL_CHANNEL_H_
