#include "backends/nccl/testing/fake_nccl.h"

#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "backends/cuda/testing/fake_device.h"
#include "core/base/error.h"

namespace backends::testing {
namespace {

using Kind = NcclCall::Kind;

// So often a handle says that it is busy.
constexpr int kBusyPolls = 3;

template <class T>
void Sum(const std::vector<core::Buffer>& buffers) {
  std::vector<T> sums(static_cast<size_t>(buffers[0].count));
  for (const core::Buffer& buffer : buffers) {
    for (int64_t i = 0; i < buffer.count; ++i) sums[i] += static_cast<const T*>(buffer.data)[i];
  }
  for (const core::Buffer& buffer : buffers) {
    std::memcpy(buffer.data, sums.data(), static_cast<size_t>(buffer.bytes()));
  }
}

void Copy(core::Buffer source, core::Buffer target) {
  std::memmove(target.data, source.data, static_cast<size_t>(source.bytes()));
}

// All ranks have come to it.
void RunCollective(const NcclCall& call, const std::vector<core::Buffer>& buffers) {
  const int size = static_cast<int>(buffers.size());
  const int64_t shard = call.data.count / size;
  for (int rank = 0; rank < size; ++rank) {
    for (int other = 0; other < size; ++other) {
      if (call.kind == Kind::kBroadcast && rank == call.peer) Copy(buffers[rank], buffers[other]);
      if (call.kind == Kind::kAllGather) {
        Copy(buffers[rank].Slice(rank * shard, shard), buffers[other].Slice(rank * shard, shard));
      }
    }
  }
  if (call.kind != Kind::kAllReduce && call.kind != Kind::kReduceScatter) return;
  call.data.type == core::DataType::kFloat64 ? Sum<double>(buffers) : Sum<float>(buffers);
}

}  // namespace

// What the ranks of one communicator have come to.
struct FakeNccl::World {
  struct Waiting {
    core::Buffer buffer;
    std::shared_ptr<bool> done;
  };
  struct Collective {
    std::vector<core::Buffer> buffers;
    int arrived = 0;
    std::shared_ptr<bool> done = std::make_shared<bool>(false);
  };

  explicit World(int ranks) : size(ranks) {}

  // Needs the mutex. Returns what becomes true when the call is over.
  std::shared_ptr<bool> Arrive(const NcclCall& call, int rank, uint64_t& collectives) {
    if (call.kind == Kind::kSend || call.kind == Kind::kReceive) return ArriveMessage(call, rank);
    Collective& collective = running[collectives++];
    collective.buffers.resize(size);
    collective.buffers[rank] = call.data;
    std::shared_ptr<bool> done = collective.done;
    if (++collective.arrived == size) {
      RunCollective(call, collective.buffers);
      *done = true;
    }
    return done;
  }

  std::shared_ptr<bool> ArriveMessage(const NcclCall& call, int rank) {
    const bool sends = call.kind == Kind::kSend;
    const int from = sends ? rank : call.peer, to = sends ? call.peer : rank;
    auto& others = messages[{from, to, !sends}];
    const auto done = std::make_shared<bool>(!others.empty());
    if (others.empty()) {
      messages[{from, to, sends}].push_back({call.data, done});
      return done;
    }
    const Waiting other = others.front();
    others.pop_front();
    sends ? Copy(call.data, other.buffer) : Copy(other.buffer, call.data);
    *other.done = true;
    return done;
  }

  const int size;
  int joined = 0;
  std::map<uint64_t, Collective> running;
  std::map<std::tuple<int, int, bool>, std::deque<Waiting>> messages;  // By from, to, whether sent.
};

struct FakeNccl::State {
  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex.
  int ids = 0;
  std::map<std::string, std::shared_ptr<World>> worlds;
  std::map<int, std::exception_ptr> broken;  // By rank.
};

class FakeNccl::Handle final : public NcclHandle {
 public:
  Handle(std::shared_ptr<State> state, std::shared_ptr<World> world, int rank)
      : state_(std::move(state)), world_(std::move(world)), rank_(rank) {}
  ~Handle() override { Abort(); }

  bool Ready() override {
    const std::lock_guard lock(state_->mutex);
    Check();
    return --busy_ < 0 && world_->joined == world_->size;
  }
  void Start(const std::vector<NcclCall>& group, DeviceStream& stream) override {
    const std::lock_guard lock(state_->mutex);
    Check();
    busy_ = kBusyPolls;
    Enqueue(stream, [this, group] { RunGroup(group); });
  }
  void Finish() override {
    const std::lock_guard lock(state_->mutex);
    Check();
    busy_ = kBusyPolls;
  }
  void Abort() override {
    const std::lock_guard lock(state_->mutex);
    aborted_ = true;
    state_->changed.notify_all();
  }

 private:
  void Check() const {
    if (aborted_) throw core::Error("the communicator was aborted");
    const auto broken = state_->broken.find(rank_);
    if (broken != state_->broken.end()) std::rethrow_exception(broken->second);
  }

  void RunGroup(const std::vector<NcclCall>& group) {
    std::unique_lock lock(state_->mutex);
    if (aborted_) return;
    std::vector<std::shared_ptr<bool>> calls;
    for (const NcclCall& call : group) {
      calls.push_back(world_->Arrive(call, rank_, collectives_));
    }
    state_->changed.notify_all();
    state_->changed.wait(lock, [&] {
      bool over = true;
      for (const auto& done : calls) over = over && *done;
      return over || aborted_;
    });
  }

  const std::shared_ptr<State> state_;
  const std::shared_ptr<World> world_;
  const int rank_;
  int busy_ = kBusyPolls;
  bool aborted_ = false;
  uint64_t collectives_ = 0;
};

FakeNccl::FakeNccl() : state_(std::make_shared<State>()) {}
FakeNccl::~FakeNccl() = default;

std::string FakeNccl::MakeId() {
  const std::lock_guard lock(state_->mutex);
  std::string id = std::to_string(state_->ids++);
  id.resize(128);  // As long as NCCL's.
  return id;
}

std::unique_ptr<NcclHandle> FakeNccl::Connect(const std::string& id, int rank, int size) {
  const std::lock_guard lock(state_->mutex);
  std::shared_ptr<World>& world = state_->worlds[id];
  if (!world) world = std::make_shared<World>(size);
  ++world->joined;
  return std::make_unique<Handle>(state_, world, rank);
}

void FakeNccl::Break(int rank, std::exception_ptr error) {
  const std::lock_guard lock(state_->mutex);
  state_->broken[rank] = std::move(error);
  state_->changed.notify_all();
}

}  // namespace backends::testing
