#include "backends/cuda/staged_communicator.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "backends/worker_thread.h"
#include "core/base/error.h"

namespace backends {
namespace {

using core::Buffer;
using core::SpanKind;
using core::Work;

constexpr int64_t kPieceBytes = 4 << 20;

// Pinned memory that is used again; making it is slow.
class PinnedPool {
 public:
  explicit PinnedPool(Device& device) : device_(device) {}

  std::shared_ptr<void> Take(int64_t bytes) {
    const std::lock_guard lock(mutex_);
    auto [it, end] = memory_.equal_range(bytes);
    for (; it != end; ++it) {
      if (it->second.use_count() == 1) return it->second;
    }
    return memory_.emplace(bytes, device_.AllocatePinned(bytes))->second;
  }

 private:
  Device& device_;
  std::mutex mutex_;
  std::multimap<int64_t, std::shared_ptr<void>> memory_;  // By bytes. Guarded by mutex_.
};

// A buffer of an operation, where the host's communicator finds it.
struct Staged {
  Buffer buffer;                 // The caller's.
  std::shared_ptr<void> pinned;  // Null if the buffer lies on the host.

  Buffer OnHost() const {
    Buffer host = buffer;
    if (pinned) host.data = pinned.get();
    return host;
  }
};

// Elements from `offset` on.
struct Piece {
  int64_t offset = 0;
  int64_t count = 0;
};

std::vector<Piece> PiecesOf(const Staged& staged, bool divisible) {
  const int64_t most = divisible && staged.pinned ? kPieceBytes / core::SizeOf(staged.buffer.type)
                                                  : staged.buffer.count;
  std::vector<Piece> pieces;
  for (int64_t offset = 0; offset < staged.buffer.count; offset += most) {
    pieces.push_back({offset, std::min(most, staged.buffer.count - offset)});
  }
  if (pieces.empty()) pieces.push_back({});
  return pieces;
}

class StagedCommunicator final : public core::Communicator {
 public:
  StagedCommunicator(std::unique_ptr<core::Communicator> host, Device& device, ComputeOrder* order)
      : device_(device),
        order_(order),
        pool_(device),
        stream_(device.MakeStream(/*urgent=*/true)),
        host_(std::move(host)) {
    thread_->RunAndWait([this] { device_.Enter(); });
  }
  ~StagedCommunicator() override;

  int rank() const override { return host_->rank(); }
  int size() const override { return host_->size(); }

  Work AllReduce(Buffer data) override {
    return Start({.source = data, .target = data, .divisible = true},
                 [this](Buffer piece, Buffer) { return host_->AllReduce(piece); });
  }
  Work Broadcast(Buffer data, int root) override {
    return Start({.source = data, .target = data, .divisible = true},
                 [this, root](Buffer piece, Buffer) { return host_->Broadcast(piece, root); });
  }
  Work ReduceScatter(Buffer data) override {
    return Start({.source = data, .target = data},
                 [this](Buffer piece, Buffer) { return host_->ReduceScatter(piece); });
  }
  Work AllGather(Buffer data) override {
    return Start({.source = data, .target = data},
                 [this](Buffer piece, Buffer) { return host_->AllGather(piece); });
  }
  Work Send(Buffer source, int to, SpanKind kind) override {
    return Start({.source = source, .divisible = true},
                 [=, this](Buffer piece, Buffer) { return host_->Send(piece, to, kind); });
  }
  Work Receive(Buffer target, int from, SpanKind kind) override {
    return Start({.target = target, .divisible = true},
                 [=, this](Buffer, Buffer piece) { return host_->Receive(piece, from, kind); });
  }
  Work Exchange(Buffer source, int to, Buffer target, int from, SpanKind kind) override {
    return Start({.source = source, .target = target}, [=, this](Buffer sent, Buffer received) {
      return host_->Exchange(sent, to, received, from, kind);
    });
  }

 private:
  using Call = std::function<Work(Buffer source, Buffer target)>;

  struct Plan {
    Buffer source;
    Buffer target;
    bool divisible = false;  // Whether pieces of it may pass one by one.
  };

  class Operation;

  Work Start(const Plan& plan, Call call);
  Staged Stage(Buffer buffer);

  Device& device_;
  ComputeOrder* const order_;
  PinnedPool pool_;
  const std::unique_ptr<DeviceStream> stream_;
  const std::unique_ptr<core::Communicator> host_;

  std::vector<std::shared_ptr<Operation>> kept_;  // Of the thread: what may be in flight.
  std::optional<WorkerThread> thread_{std::in_place};
};

// Finished, as a completion, when its pieces have begun.
class StagedCommunicator::Operation final : public Completion {
 public:
  Operation(StagedCommunicator& owner, Staged source, Staged target, bool divisible, Call call)
      : owner_(owner),
        source_(std::move(source)),
        target_(std::move(target)),
        pieces_(PiecesOf(source_.buffer.count > 0 ? source_ : target_, divisible)),
        after_(owner.order_ ? owner.order_->awaited() : nullptr),
        call_(std::move(call)) {}

  bool Await(std::coroutine_handle<> waiter) override {
    Completion::Await(waiter);
    DeviceStream& stream = *owner_.stream_;
    for (size_t i = 0; i < works_.size(); ++i) {
      works_[i].Await(waiter);
      if (!target_.pinned) continue;
      const auto [offset, count] = PieceOf(target_, i);
      const Buffer to = target_.buffer.Slice(offset, count);
      stream.Copy(to.data, target_.OnHost().Slice(offset, count).data, to.bytes());
    }
    if (target_.pinned) {
      end_ = stream.Record();
      owner_.order_ ? owner_.order_->Follow(*end_) : end_->Wait();
    }
    awaited_ = true;
    return false;
  }

  // Whether neither host nor device needs its memory any more.
  bool over() const { return awaited_ && (!end_ || end_->Passed()); }

  // On the thread.
  void Begin() {
    DeviceStream& stream = *owner_.stream_;
    std::vector<std::shared_ptr<DeviceEvent>> copied;
    // What is received is written to memory that may still be read.
    if (after_ && (source_.pinned || target_.pinned)) stream.WaitFor(*after_);
    for (size_t i = 0; source_.pinned && i < pieces_.size(); ++i) {
      const auto [offset, count] = PieceOf(source_, i);
      const Buffer from = source_.buffer.Slice(offset, count);
      stream.Copy(source_.OnHost().Slice(offset, count).data, from.data, from.bytes());
      copied.push_back(stream.Record());
    }
    for (size_t i = 0; i < pieces_.size(); ++i) {
      if (source_.pinned) copied[i]->Wait();
      const Piece sent = PieceOf(source_, i), received = PieceOf(target_, i);
      works_.push_back(call_(source_.OnHost().Slice(sent.offset, sent.count),
                             target_.OnHost().Slice(received.offset, received.count)));
    }
  }

 private:
  // Where source and target differ in size, there is one piece of either.
  Piece PieceOf(const Staged& staged, size_t i) const {
    return pieces_.size() == 1 ? Piece{0, staged.buffer.count} : pieces_[i];
  }

  StagedCommunicator& owner_;
  const Staged source_;
  const Staged target_;
  const std::vector<Piece> pieces_;
  const std::shared_ptr<DeviceEvent> after_;
  const Call call_;
  std::vector<Work> works_;           // By piece.
  std::shared_ptr<DeviceEvent> end_;  // Set before awaited_; null if nothing goes to the device.
  std::atomic<bool> awaited_ = false;
};

StagedCommunicator::~StagedCommunicator() {
  thread_.reset();
  try {
    stream_->Record()->Wait();    // Nothing is copied any more when memory goes.
  } catch (const core::Error&) {  // The device has failed.
  }
}

Staged StagedCommunicator::Stage(Buffer buffer) {
  if (buffer.count == 0 || !device_.Holds(buffer.data)) return {buffer, nullptr};
  return {buffer, pool_.Take(buffer.bytes())};
}

Work StagedCommunicator::Start(const Plan& plan, Call call) {
  const bool in_place = plan.source.data == plan.target.data;
  Staged source = Stage(plan.source);
  Staged target = in_place ? source : Stage(plan.target);
  auto operation = std::make_shared<Operation>(*this, std::move(source), std::move(target),
                                               plan.divisible, std::move(call));
  return thread_->Run(
      [this, operation] {
        // Dropped without being awaited, its memory stays in use until it is over.
        std::erase_if(kept_, [](const auto& kept) { return kept->over(); });
        kept_.push_back(operation);
        operation->Begin();
      },
      operation);
}

}  // namespace

std::unique_ptr<core::Communicator> MakeStagedCommunicator(std::unique_ptr<core::Communicator> host,
                                                           Device& device, ComputeOrder* order) {
  return std::make_unique<StagedCommunicator>(std::move(host), device, order);
}

}  // namespace backends
