#ifndef BACKENDS_NCCL_NCCL_COMMUNICATOR_H_
#define BACKENDS_NCCL_NCCL_COMMUNICATOR_H_

#include <memory>

#include "backends/nccl/nccl_library.h"
#include "backends/nccl/options.h"
#include "core/communicator.h"

namespace backends {

// Ranks that are processes with a GPU each, over NCCL. Returns when all are connected. Throws
// core::Error that names the ranks that did not come, or why they could not be connected.
//
// Awaiting makes the device wait, never the host, but for buffers on the host: these are copied to
// the device and back, and their operations are over when they are awaited. Collectives and
// messages of each kind (pushes; all others) run side by side, each in their order. Messages of a
// kind that follow each other, to or from different ranks, are one group. It starts when a message
// comes that has no place in it; when one of it, or of a later group, is awaited; and, if it sends,
// when anything is awaited.
//
// A failure of the device, of NCCL, or of another rank, and operations that take longer than the
// timeout, abort what is in flight on all ranks; it comes out of the next call or await.
std::unique_ptr<core::Communicator> ConnectNccl(const NcclOptions& options);

// The same with another library.
std::unique_ptr<core::Communicator> ConnectNccl(const NcclOptions& options, NcclLibrary& library);

}  // namespace backends

#endif  // BACKENDS_NCCL_NCCL_COMMUNICATOR_H_
