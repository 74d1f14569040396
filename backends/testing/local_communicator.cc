#include "backends/testing/local_communicator.h"

#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace backends {
namespace {

using core::Buffer;
using core::SpanKind;

// What has to be equal on all ranks of a collective.
struct Call {
  SpanKind kind;
  int64_t bytes = 0;
  core::DataType type = core::DataType::kFloat32;
  int root = -1;

  bool operator==(const Call&) const = default;
  std::string Describe() const {
    return absl::StrCat(std::string(core::Name(kind)), " of ", bytes, " bytes",
                        root < 0 ? "" : absl::StrCat(" from rank ", root));
  }
};

// How far an operation is. Guarded by the group's mutex.
struct Progress {
  bool done = false;
  std::string error;  // Not empty: it failed, and is done.
};

struct Collective {
  Call call;
  int caller = 0;  // Who came first.
  std::map<int, Buffer> buffers;
  std::shared_ptr<Progress> progress = std::make_shared<Progress>();
};

struct Message {
  Buffer buffer;
  std::shared_ptr<Progress> progress = std::make_shared<Progress>();
};

// Messages from one rank to another that wait for their other half: one of the two is empty.
struct Channel {
  std::deque<Message> sends;
  std::deque<Message> receives;
};

template <typename T>
void SumInRankOrder(const std::map<int, Buffer>& buffers, int64_t offset, int64_t count) {
  for (int64_t i = offset; i < offset + count; ++i) {
    T sum = 0;
    for (const auto& [rank, buffer] : buffers) {
      const T value = static_cast<const T*>(buffer.data)[i];
      sum = rank == 0 ? value : sum + value;
    }
    for (const auto& [rank, buffer] : buffers) static_cast<T*>(buffer.data)[i] = sum;
  }
}

void Copy(Buffer source, Buffer target) {
  if (source.count > 0 && source.data != target.data) {
    std::memcpy(target.data, source.data, source.bytes());
  }
}

void Perform(const Collective& collective) {
  const auto& buffers = collective.buffers;
  const Buffer& first = buffers.begin()->second;
  const int64_t shard = first.count / static_cast<int64_t>(buffers.size());
  switch (collective.call.kind) {
    case SpanKind::kAllReduce:
    case SpanKind::kReduceScatter:
      if (first.type == core::DataType::kFloat64) {
        SumInRankOrder<double>(buffers, 0, first.count);
      } else {
        SumInRankOrder<float>(buffers, 0, first.count);
      }
      break;
    case SpanKind::kBroadcast:
      for (const auto& [rank, buffer] : buffers) Copy(buffers.at(collective.call.root), buffer);
      break;
    default:  // All-gather.
      for (const auto& [from, source] : buffers) {
        for (const auto& [to, target] : buffers) {
          Copy(source.Slice(from * shard, shard), target.Slice(from * shard, shard));
        }
      }
  }
}

// What the ranks share.
class Group {
 public:
  explicit Group(int size) : size_(size), left_(size), next_(size, 0) {}

  int size() const { return size_; }

  std::shared_ptr<Progress> Join(int rank, Call call, Buffer buffer) {
    std::lock_guard lock(mutex_);
    const int64_t sequence = next_[rank]++;
    Collective& collective = collectives_[sequence];
    if (collective.buffers.empty()) {
      collective.call = call;
      collective.caller = rank;
    }
    collective.buffers[rank] = buffer;
    std::shared_ptr<Progress> progress = collective.progress;
    if (!(collective.call == call)) {
      Finish(*progress, absl::StrCat("rank ", collective.caller, " calls ",
                                     collective.call.Describe(), ", rank ", rank, " calls ",
                                     call.Describe(), ": all ranks must call alike"));
    } else if (std::optional<int> gone = AnyGone()) {
      Finish(*progress, Left(*gone));
    } else if (!progress->done && static_cast<int>(collective.buffers.size()) == size_) {
      Perform(collective);
      Finish(*progress, "");
    }
    if (static_cast<int>(collective.buffers.size()) == size_) collectives_.erase(sequence);
    return progress;
  }

  std::shared_ptr<Progress> Send(int from, int to, Buffer source) {
    std::lock_guard lock(mutex_);
    Channel& channel = channels_[{from, to}];
    Message message{source};
    if (!channel.receives.empty()) {
      Match(from, to, message, channel.receives.front());
      channel.receives.pop_front();
    } else if (left_[to]) {
      Finish(*message.progress, Left(to));
    } else {
      channel.sends.push_back(message);
    }
    return message.progress;
  }

  std::shared_ptr<Progress> Receive(int from, int to, Buffer target) {
    std::lock_guard lock(mutex_);
    Channel& channel = channels_[{from, to}];
    Message message{target};
    if (!channel.sends.empty()) {
      Match(from, to, channel.sends.front(), message);
      channel.sends.pop_front();
    } else if (left_[from]) {
      Finish(*message.progress, Left(from));
    } else {
      channel.receives.push_back(message);
    }
    return message.progress;
  }

  // Blocks until done; throws what went wrong.
  void Await(int rank, const std::string& operation, const Progress& progress) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return progress.done; });
    if (progress.error.empty()) return;
    causes_.try_emplace(rank, progress.error);
    throw core::Error(absl::StrCat("rank ", rank, ": ", operation, ": ", progress.error));
  }

  // The rank takes part no more and its buffers may be gone: what needs it fails.
  void Leave(int rank) {
    std::lock_guard lock(mutex_);
    left_[rank] = true;
    for (auto& [sequence, collective] : collectives_) Finish(*collective.progress, Left(rank));
    for (auto& [ends, channel] : channels_) {
      if (ends.first != rank && ends.second != rank) continue;
      for (Message& message : channel.sends) Finish(*message.progress, Left(rank));
      for (Message& message : channel.receives) Finish(*message.progress, Left(rank));
      channel = Channel();
    }
  }

 private:
  std::optional<int> AnyGone() const {
    for (int rank = 0; rank < size_; ++rank) {
      if (left_[rank]) return rank;
    }
    return std::nullopt;
  }

  // Who left because of somebody else's failure passes that on: the first cause is named.
  std::string Left(int rank) const {
    const auto cause = causes_.find(rank);
    return cause == causes_.end() ? absl::StrCat("rank ", rank, " has left") : cause->second;
  }

  void Match(int from, int to, const Message& send, const Message& receive) {
    std::string error;
    if (send.buffer.bytes() == receive.buffer.bytes()) {
      Copy(send.buffer, receive.buffer);
    } else {
      error = absl::StrCat("rank ", from, " sends ", send.buffer.bytes(), " bytes, rank ", to,
                           " receives ", receive.buffer.bytes());
    }
    Finish(*send.progress, error);
    Finish(*receive.progress, error);
  }

  void Finish(Progress& progress, std::string error) {
    if (progress.done) return;
    progress.done = true;
    progress.error = std::move(error);
    changed_.notify_all();
  }

  const int size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> left_;
  std::vector<int64_t> next_;  // Each rank's number of its next collective.
  std::map<int64_t, Collective> collectives_;
  std::map<std::pair<int, int>, Channel> channels_;
  std::map<int, std::string> causes_;  // Why ranks' operations failed.
};

class LocalOperation : public core::Operation {
 public:
  LocalOperation(std::shared_ptr<Group> group, int rank, std::string description,
                 std::shared_ptr<Progress> progress)
      : group_(std::move(group)),
        rank_(rank),
        description_(std::move(description)),
        progress_(std::move(progress)) {}

  bool Await(std::coroutine_handle<>) override {
    group_->Await(rank_, description_, *progress_);
    return false;
  }

 private:
  const std::shared_ptr<Group> group_;
  const int rank_;
  const std::string description_;
  const std::shared_ptr<Progress> progress_;
};

class LocalCommunicator : public core::Communicator {
 public:
  LocalCommunicator(std::shared_ptr<Group> group, int rank)
      : group_(std::move(group)), rank_(rank) {}
  ~LocalCommunicator() override { group_->Leave(rank_); }

  int rank() const override { return rank_; }
  int size() const override { return group_->size(); }

  core::Work Start(const core::CollectiveCall& call) override {
    const Call common{call.kind, call.data.bytes(), call.data.type, call.root};
    return Operation(common.Describe(), group_->Join(rank_, common, call.data));
  }
  core::Work Send(Buffer source, int to, SpanKind kind) override {
    return Operation(Call{kind, source.bytes()}.Describe() + absl::StrCat(" to rank ", to),
                     group_->Send(rank_, to, source));
  }
  core::Work Receive(Buffer target, int from, SpanKind kind) override {
    return Operation(Call{kind, target.bytes()}.Describe() + absl::StrCat(" from rank ", from),
                     group_->Receive(from, rank_, target));
  }

 private:
  core::Work Operation(std::string description, std::shared_ptr<Progress> progress) {
    return core::Work(std::make_shared<LocalOperation>(group_, rank_, std::move(description),
                                                       std::move(progress)));
  }

  const std::shared_ptr<Group> group_;
  const int rank_;
};

}  // namespace

std::vector<std::unique_ptr<core::Communicator>> MakeLocalCommunicators(int size) {
  auto group = std::make_shared<Group>(size);
  std::vector<std::unique_ptr<core::Communicator>> communicators;
  for (int rank = 0; rank < size; ++rank) {
    communicators.push_back(std::make_unique<LocalCommunicator>(group, rank));
  }
  return communicators;
}

}  // namespace backends
