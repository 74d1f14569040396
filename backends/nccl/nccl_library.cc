#include "backends/nccl/nccl_library.h"

#include <nccl.h>

#include <cstring>
#include <mutex>

#include "core/base/error.h"

namespace backends {
namespace {

// Both mean that there is no error (yet).
bool IsFailure(ncclResult_t result) { return result != ncclSuccess && result != ncclInProgress; }

void Check(ncclResult_t result, ncclComm_t communicator) {
  if (!IsFailure(result)) return;
  std::string message = std::string("NCCL: ") + ncclGetErrorString(result);
  const char* detail = ncclGetLastError(communicator);
  if (detail != nullptr && *detail != '\0') message += std::string(" (") + detail + ")";
  for (char& character : message) {
    if (character == '\n') character = ' ';
  }
  if (result == ncclRemoteError) throw NcclRemoteError(message);
  throw core::Error(message);
}

ncclDataType_t TypeOf(core::DataType type) {
  switch (type) {
    case core::DataType::kByte:
      return ncclUint8;
    case core::DataType::kFloat32:
      return ncclFloat32;
    case core::DataType::kFloat64:
      return ncclFloat64;
  }
  return ncclUint8;
}

class Handle final : public NcclHandle {
 public:
  Handle(const std::string& id, int rank, int size) : rank_(rank), size_(size) {
    ncclUniqueId unique_id;
    if (id.size() != sizeof(unique_id)) throw core::Error("NCCL: an id of another version");
    std::memcpy(&unique_id, id.data(), sizeof(unique_id));
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    Check(ncclCommInitRankConfig(&communicator_, size, unique_id, rank, &config), communicator_);
  }

  ~Handle() override {
    if (communicator_ == nullptr) return;
    if (finished_) {
      ncclCommDestroy(communicator_);
    } else {
      ncclCommAbort(communicator_);
    }
  }

  bool Ready() override {
    const std::lock_guard lock(mutex_);
    CheckAlive();
    ncclResult_t state = ncclSuccess;
    Check(ncclCommGetAsyncError(communicator_, &state), communicator_);
    Check(state, communicator_);
    if (state == ncclInProgress) return false;
    if (finishing_) finished_ = true;
    return true;
  }

  void Start(const std::vector<NcclCall>& group, DeviceStream& stream) override {
    const std::lock_guard lock(mutex_);
    CheckAlive();
    Check(ncclGroupStart(), communicator_);
    ncclResult_t result = ncclSuccess;
    for (const NcclCall& call : group) {
      result = StartOne(call, static_cast<cudaStream_t>(stream.handle()));
      if (IsFailure(result)) break;
    }
    const ncclResult_t ended = ncclGroupEnd();
    Check(result, communicator_);
    Check(ended, communicator_);
  }

  void Finish() override {
    const std::lock_guard lock(mutex_);
    CheckAlive();
    Check(ncclCommFinalize(communicator_), communicator_);
    finishing_ = true;
  }

  void Abort() override {
    const std::lock_guard lock(mutex_);
    if (communicator_ != nullptr) ncclCommAbort(communicator_);
    communicator_ = nullptr;
  }

 private:
  void CheckAlive() const {
    if (communicator_ == nullptr) throw core::Error("NCCL: the communicator was aborted");
  }

  ncclResult_t StartOne(const NcclCall& call, cudaStream_t stream) {
    const ncclDataType_t type = TypeOf(call.data.type);
    const size_t count = static_cast<size_t>(call.data.count);
    const core::Buffer shard =
        call.data.Slice(rank_ * (call.data.count / size_), call.data.count / size_);
    const size_t shard_count = static_cast<size_t>(shard.count);
    switch (call.kind) {
      case NcclCall::Kind::kAllReduce:
        return ncclAllReduce(call.data.data, call.data.data, count, type, ncclSum, communicator_,
                             stream);
      case NcclCall::Kind::kBroadcast:
        return ncclBroadcast(call.data.data, call.data.data, count, type, call.peer, communicator_,
                             stream);
      case NcclCall::Kind::kReduceScatter:
        return ncclReduceScatter(call.data.data, shard.data, shard_count, type, ncclSum,
                                 communicator_, stream);
      case NcclCall::Kind::kAllGather:
        return ncclAllGather(shard.data, call.data.data, shard_count, type, communicator_, stream);
      case NcclCall::Kind::kSend:
        return ncclSend(call.data.data, count, type, call.peer, communicator_, stream);
      case NcclCall::Kind::kReceive:
        return ncclRecv(call.data.data, count, type, call.peer, communicator_, stream);
    }
    return ncclInvalidArgument;
  }

  const int rank_;
  const int size_;
  std::mutex mutex_;  // NCCL's communicators are for one thread at a time.
  ncclComm_t communicator_ = nullptr;
  bool finishing_ = false;
  bool finished_ = false;
};

class Library final : public NcclLibrary {
 public:
  std::string MakeId() override {
    ncclUniqueId id;
    Check(ncclGetUniqueId(&id), nullptr);
    return std::string(id.internal, sizeof(id.internal));
  }
  std::unique_ptr<NcclHandle> Connect(const std::string& id, int rank, int size) override {
    return std::make_unique<Handle>(id, rank, size);
  }
};

}  // namespace

NcclLibrary* FindNccl() {
  static Library& library = *new Library;
  return &library;
}

}  // namespace backends
