#ifndef BACKENDS_NCCL_NCCL_LIBRARY_H_
#define BACKENDS_NCCL_NCCL_LIBRARY_H_

#include <memory>
#include <string>
#include <vector>

#include "backends/cuda/device.h"
#include "core/base/error.h"
#include "core/buffer.h"

namespace backends {

// One call in a group.
struct NcclCall {
  enum class Kind { kAllReduce, kBroadcast, kReduceScatter, kAllGather, kSend, kReceive };

  Kind kind = Kind::kAllReduce;
  core::Buffer data;  // On the device. In place: collectives as core::Communicator lays them out.
  int peer = -1;      // Root of a broadcast, or the other rank of a message.
};

// What NCCL says of another rank that is gone, or out of reach.
class NcclRemoteError : public core::Error {
 public:
  using core::Error::Error;
};

// One rank's end of an NCCL communicator. No call waits for other ranks. Failures are thrown as
// core::Error, or NcclRemoteError, with NCCL's words. For any thread.
class NcclHandle {
 public:
  // Aborts what is neither finished nor aborted.
  virtual ~NcclHandle() = default;
  // False while NCCL is still busy with the call before, in which time nothing else may be started.
  virtual bool Ready() = 0;
  // Starts the calls as one group, in order after what `stream` was told before.
  virtual void Start(const std::vector<NcclCall>& group, DeviceStream& stream) = 0;
  // Begins an orderly end, after the last operation; over when Ready.
  virtual void Finish() = 0;
  // Ends what runs on the device. Afterwards all calls fail.
  virtual void Abort() = 0;
};

// What is used of NCCL.
class NcclLibrary {
 public:
  virtual ~NcclLibrary() = default;
  // Of a communicator to be: one rank makes it, all need it. Bytes.
  virtual std::string MakeId() = 0;
  // On the calling thread's device.
  virtual std::unique_ptr<NcclHandle> Connect(const std::string& id, int rank, int size) = 0;
};

// Null if this build has none.
NcclLibrary* FindNccl();

}  // namespace backends

#endif  // BACKENDS_NCCL_NCCL_LIBRARY_H_
