#ifndef BACKENDS_NCCL_NCCL_GROUP_H_
#define BACKENDS_NCCL_NCCL_GROUP_H_

#include <atomic>
#include <cstdint>
#include <future>
#include <list>
#include <memory>
#include <vector>

#include "backends/cuda/device.h"
#include "backends/membership/failure_watch.h"
#include "backends/membership/operation_name.h"
#include "backends/nccl/nccl_library.h"

namespace backends {

// Operations that NCCL starts together: a collective, or messages that may need each other.
struct NcclGroup {
  struct Copy {
    void* target;
    const void* source;
    int64_t bytes;
  };

  std::vector<NcclCall> calls;
  std::vector<OperationName> names;    // Of the calls.
  std::shared_ptr<DeviceEvent> after;  // What comes before; may be null.
  std::vector<Copy> copies_in;         // Of what lies on the host.
  std::vector<Copy> copies_out;
  std::vector<std::shared_ptr<void>> kept;  // Memory that they need.

  uint64_t number = 0;                  // In the order in which groups were begun.
  std::list<FailureWatch::Wait> waits;  // For other ranks, until it is known to be done.
  std::atomic<bool> awaited = false;

  // Set when all has been told to the device, or could not be.
  std::promise<void> starting;
  std::shared_future<void> started = starting.get_future();
  // Then valid: when the calls begin and end, and when the copies have been made.
  std::shared_ptr<DeviceEvent> begin, end, done;

  bool Sends() const {
    for (const OperationName& name : names) {
      if (name.to >= 0) return true;
    }
    return false;
  }
  bool ContainsMessage(NcclCall::Kind kind, int peer) const {
    for (const NcclCall& call : calls) {
      if (call.kind == kind && call.peer == peer) return true;
    }
    return false;
  }
};

}  // namespace backends

#endif  // BACKENDS_NCCL_NCCL_GROUP_H_
