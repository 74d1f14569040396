#ifndef BACKENDS_CUDA_STAGED_COMMUNICATOR_H_
#define BACKENDS_CUDA_STAGED_COMMUNICATOR_H_

#include <memory>

#include "backends/cuda/compute_order.h"
#include "backends/cuda/device.h"
#include "core/communicator.h"

namespace backends {

// A communicator of the host for memory of a device: pinned memory lies between them. Large buffers
// pass in pieces, so that one is on the network while the next is copied. All ranks have one.
//
// Starting never blocks; a thread waits for what the device has yet to compute. Awaiting blocks
// until `host` is done, and the device then waits for what is still to be copied to it; without an
// `order`, the host waits for that, too. Device and order outlive it.
std::unique_ptr<core::Communicator> MakeStagedCommunicator(std::unique_ptr<core::Communicator> host,
                                                           Device& device, ComputeOrder* order);

}  // namespace backends

#endif  // BACKENDS_CUDA_STAGED_COMMUNICATOR_H_
