#include "backends/nccl/nccl_communicator.h"

#include <array>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "backends/membership/membership.h"
#include "backends/nccl/nccl_channel.h"
#include "backends/nccl/nccl_watch.h"
#include "backends/nccl/staging.h"
#include "core/base/error.h"

namespace backends {
namespace {

using core::Buffer;
using core::SpanKind;
using core::Work;
using Kind = NcclCall::Kind;
using std::chrono::steady_clock;

// Which of a communicator's channels carries what.
constexpr int kCollectives = 0;
constexpr int kPushes = 1;
constexpr int kPulls = 2;
constexpr const char* kChannelNames[] = {"collectives", "pushes", "pulls"};

// Long beside a wait for NCCL's background threads, short beside a start.
constexpr std::chrono::milliseconds kConnectPoll(1);

Kind KindOf(SpanKind collective) {
  switch (collective) {
    case SpanKind::kBroadcast:
      return Kind::kBroadcast;
    case SpanKind::kReduceScatter:
      return Kind::kReduceScatter;
    case SpanKind::kAllGather:
      return Kind::kAllGather;
    default:
      return Kind::kAllReduce;
  }
}

int ChannelCount(int size) { return size == 1 ? 1 : 3; }

// What a rank says of itself: its host, as NCCL tells hosts apart, its device, and, of rank 0, the
// ids of the channels' communicators, one behind the other.
std::string AddressOf(const NcclOptions& options, NcclLibrary& library) {
  options.device->Enter();
  const char* host = std::getenv("NCCL_HOSTID");
  std::string address =
      absl::StrCat(host ? host : ThisHost(), "\n", options.device->identity(), "\n");
  if (options.rank != 0) return address;
  for (int i = 0; i < ChannelCount(options.size); ++i) address += library.MakeId();
  return address;
}

// Returns the ids. Throws core::Error if ranks share a GPU, which NCCL does not allow.
std::vector<std::string> CheckAddresses(const Membership& membership, const NcclOptions& options) {
  std::vector<std::string> ids(ChannelCount(options.size));
  std::map<std::pair<std::string, std::string>, int> ranks;  // By host and device.
  for (int rank = 0; rank < options.size; ++rank) {
    const std::vector<std::string> parts =
        absl::StrSplit(membership[rank].address, absl::MaxSplits('\n', 2));
    if (parts.size() != 3) {
      throw core::Error(absl::StrCat("rank ", options.rank, ": rank ", rank,
                                     " gives no address that can be read: start all ranks from "
                                     "the same build"));
    }
    const auto [other, is_new] = ranks.try_emplace({parts[0], parts[1]}, rank);
    if (!is_new) {
      throw core::Error(
          absl::StrCat("rank ", options.rank, ": ranks ", other->second, " and ", rank,
                       " use the same GPU ", parts[1], " of host ", parts[0],
                       ", which NCCL refuses: start one rank per GPU, or use --backend=gloo"));
    }
    if (rank != 0) continue;
    const size_t length = parts[2].size() / ids.size();
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = parts[2].substr(i * length, length);
  }
  return ids;
}

class NcclCommunicator final : public core::Communicator {
 public:
  NcclCommunicator(const NcclOptions& options, NcclLibrary& library);
  ~NcclCommunicator() override;

  int rank() const override { return options_.rank; }
  int size() const override { return options_.size; }

  Work Start(const core::CollectiveCall& call) override;
  Work Send(Buffer source, int to, SpanKind kind) override;
  Work Receive(Buffer target, int from, SpanKind kind) override;

 private:
  class Operation;

  void ConnectChannels(NcclLibrary& library);
  std::unique_ptr<NcclHandle> Connect(NcclLibrary& library, const std::string& id,
                                      const std::string& channel);
  std::shared_ptr<NcclGroup> NewGroup();
  // Adds an operation on `data` to the group; it lives as long as its Work.
  std::shared_ptr<Operation> Add(const std::shared_ptr<NcclGroup>& group, NcclCall call,
                                 OperationName name);
  Work Message(NcclCall call, OperationName name);
  // Starts what is open: groups that were begun up to this one, and those that others may wait for.
  void StartUpTo(uint64_t number);
  void Post(int channel, std::shared_ptr<NcclGroup> group);

  const NcclOptions options_;
  Membership membership_;
  NcclWatch watch_;
  Staging staging_;
  std::vector<std::unique_ptr<NcclChannel>> channels_;
  std::mutex mutex_;
  uint64_t next_number_ = 1;                          // Guarded by mutex_.
  std::array<std::shared_ptr<NcclGroup>, 3> open_{};  // By channel. Guarded by mutex_.
};

// One call of a group, for the one who awaits it.
class NcclCommunicator::Operation final : public core::Operation {
 public:
  Operation(NcclCommunicator& communicator, std::shared_ptr<NcclGroup> group, OperationName name)
      : communicator_(communicator), group_(std::move(group)), name_(name) {}

  void AddResult(Staging::Place place) { results_.push_back(place); }

  bool Await(std::coroutine_handle<>) override {
    group_->awaited = true;
    communicator_.StartUpTo(group_->number);
    try {
      group_->started.get();
    } catch (const std::exception&) {
      throw communicator_.watch_.FailureOf(name_.Describe());
    }
    communicator_.watch_.CheckFailure(name_);
    if (ComputeOrder* order = communicator_.options_.order) order->Follow(*group_->done);
    if (results_.empty()) return false;
    communicator_.watch_.AwaitOnHost(*group_->done, name_);
    for (const Staging::Place& place : results_) place.CopyBack();
    return false;
  }

 private:
  NcclCommunicator& communicator_;
  const std::shared_ptr<NcclGroup> group_;
  const OperationName name_;
  std::vector<Staging::Place> results_;  // On the host.
};

NcclCommunicator::NcclCommunicator(const NcclOptions& options, NcclLibrary& library)
    : options_(options),
      membership_({options.rank, options.size, options.store, options.timeout, "nccl"},
                  AddressOf(options, library)),
      watch_(options, membership_),
      staging_(*options.device) {
  try {
    ConnectChannels(library);
  } catch (
      const std::exception& error) {  // The others wait for this rank: it tells them as it goes.
    watch_.Fail("connecting", error);
    throw;
  }
}

void NcclCommunicator::ConnectChannels(NcclLibrary& library) {
  const std::vector<std::string> ids = CheckAddresses(membership_, options_);
  std::vector<std::unique_ptr<NcclHandle>> handles;
  for (size_t i = 0; i < ids.size(); ++i) {
    handles.push_back(Connect(library, ids[i], kChannelNames[i]));
  }
  std::vector<NcclChannel*> watched;
  for (std::unique_ptr<NcclHandle>& handle : handles) {
    channels_.push_back(std::make_unique<NcclChannel>(
        *options_.device, std::move(handle), options_.spans,
        [this](const OperationName& name, const std::exception& error) {
          watch_.Fail(name.Describe(), error);
        }));
    watched.push_back(channels_.back().get());
  }
  watch_.Add(std::move(watched));
}

NcclCommunicator::~NcclCommunicator() {
  StartUpTo(next_number_);
  watch_.End();
  channels_.clear();
}

std::unique_ptr<NcclHandle> NcclCommunicator::Connect(NcclLibrary& library, const std::string& id,
                                                      const std::string& channel) {
  const auto deadline = steady_clock::now() + options_.timeout;
  try {
    std::unique_ptr<NcclHandle> handle = library.Connect(id, options_.rank, options_.size);
    while (!handle->Ready() && !watch_.gives_up()) {
      if (steady_clock::now() > deadline) {
        handle->Abort();
        throw core::Error(absl::StrCat(
            "the ranks were not connected within ",
            std::chrono::duration<double>(options_.timeout).count(),
            " s: NCCL_DEBUG=INFO shows by which interface they try; NCCL_SOCKET_IFNAME sets it"));
      }
      std::this_thread::sleep_for(kConnectPoll);
    }
    if (!watch_.gives_up()) return handle;
  } catch (const core::Error& error) {
    watch_.Fail(absl::StrCat("connecting ", channel), error);
  }
  throw watch_.FailureOf(absl::StrCat("connecting ", channel));
}

std::shared_ptr<NcclGroup> NcclCommunicator::NewGroup() {
  auto group = std::make_shared<NcclGroup>();
  group->number = next_number_++;
  return group;
}

std::shared_ptr<NcclCommunicator::Operation> NcclCommunicator::Add(
    const std::shared_ptr<NcclGroup>& group, NcclCall call, OperationName name) {
  auto operation = std::make_shared<Operation>(*this, group, name);
  if (call.data.count > 0 && !options_.device->Holds(call.data.data)) {
    const Staging::Place place = staging_.Stage(call.data);
    if (call.kind != Kind::kReceive) group->copies_in.push_back(place.ToDevice());
    if (call.kind != Kind::kSend) {
      group->copies_out.push_back(place.ToHost());
      operation->AddResult(place);
    }
    call.data.data = place.device.get();
    group->kept.push_back(place.device);
    group->kept.push_back(place.pinned);
  }
  if (options_.order) group->after = options_.order->awaited();
  if (call.data.count > 0) group->calls.push_back(call);
  group->names.push_back(name);
  return operation;
}

Work NcclCommunicator::Start(const core::CollectiveCall& call) {
  const OperationName name{call.kind, call.data.bytes(), -1, call.root};
  watch_.CheckFailure(name);
  const std::lock_guard lock(mutex_);
  for (int channel = 1; channel < std::ssize(channels_); ++channel) {
    if (open_[channel]) Post(channel, std::exchange(open_[channel], nullptr));
  }
  const std::shared_ptr<NcclGroup> group = NewGroup();
  Work work(Add(group, {KindOf(call.kind), call.data, call.root}, name));
  Post(kCollectives, group);
  return work;
}

Work NcclCommunicator::Message(NcclCall call, OperationName name) {
  watch_.CheckFailure(name);
  const int channel = name.kind == SpanKind::kPush ? kPushes : kPulls;
  const std::lock_guard lock(mutex_);
  std::shared_ptr<NcclGroup>& open = open_[channel];
  if (open && open->ContainsMessage(call.kind, call.peer)) Post(channel, std::exchange(open, {}));
  if (!open) open = NewGroup();
  return Work(Add(open, call, name));
}

void NcclCommunicator::StartUpTo(uint64_t number) {
  const std::lock_guard lock(mutex_);
  for (int channel = 1; channel < std::ssize(channels_); ++channel) {
    std::shared_ptr<NcclGroup>& open = open_[channel];
    if (open && (open->number <= number || open->Sends()))
      Post(channel, std::exchange(open, nullptr));
  }
}

void NcclCommunicator::Post(int channel, std::shared_ptr<NcclGroup> group) {
  watch_.Expect(*group);
  channels_[channel]->Post(std::move(group));
}

Work NcclCommunicator::Send(Buffer source, int to, SpanKind kind) {
  CheckPeer(to);
  return Message({Kind::kSend, source, to}, {kind, source.bytes(), to, -1});
}

Work NcclCommunicator::Receive(Buffer target, int from, SpanKind kind) {
  CheckPeer(from);
  return Message({Kind::kReceive, target, from}, {kind, target.bytes(), -1, from});
}

}  // namespace

std::unique_ptr<core::Communicator> ConnectNccl(const NcclOptions& options) {
  NcclLibrary* library = FindNccl();
  if (library == nullptr) {
    throw core::Error(
        "this build has no NCCL: build with --config=cuda, or use --backend=gloo, which needs no "
        "GPU");
  }
  return ConnectNccl(options, *library);
}

std::unique_ptr<core::Communicator> ConnectNccl(const NcclOptions& options, NcclLibrary& library) {
  return std::make_unique<NcclCommunicator>(options, library);
}

}  // namespace backends
