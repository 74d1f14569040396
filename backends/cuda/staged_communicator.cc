#include "backends/cuda/staged_communicator.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "backends/cuda/memory_pool.h"
#include "backends/worker_thread.h"
#include "core/base/error.h"

namespace backends {
namespace {

using core::Buffer;
using core::SpanKind;
using core::Work;

constexpr int64_t kPieceBytes = 4 << 20;

class StagedCommunicator final : public core::Communicator {
 public:
  StagedCommunicator(std::unique_ptr<core::Communicator> host, Device& device, ComputeOrder* order)
      : device_(device),
        order_(order),
        pool_([&device](int64_t bytes) { return device.AllocatePinned(bytes); }),
        stream_(device.MakeStream(/*urgent=*/true)),
        host_(std::move(host)) {
    thread_->RunAndWait([this] { device_.Enter(); });
  }
  ~StagedCommunicator() override;

  int rank() const override { return host_->rank(); }
  int size() const override { return host_->size(); }

  Work Start(const core::CollectiveCall& call) override {
    // Shards are not where those of a piece would be.
    return StartPieces({call.data, /*reads=*/true, /*writes=*/true, /*divisible=*/!call.sharded()},
                       [this, call](Buffer piece) {
                         return host_->Start({call.kind, piece, call.root});
                       });
  }
  Work Send(Buffer source, int to, SpanKind kind) override {
    return StartPieces({source, /*reads=*/true, /*writes=*/false},
                       [=, this](Buffer piece) { return host_->Send(piece, to, kind); });
  }
  Work Receive(Buffer target, int from, SpanKind kind) override {
    return StartPieces({target, /*reads=*/false, /*writes=*/true},
                       [=, this](Buffer piece) { return host_->Receive(piece, from, kind); });
  }

 private:
  using Call = std::function<Work(Buffer piece)>;

  struct Plan {
    Buffer buffer;  // The caller's.
    bool reads;
    bool writes;
    bool divisible = true;  // Whether pieces of it may pass one by one.
  };

  class Operation;

  Work StartPieces(const Plan& plan, Call call);

  Device& device_;
  ComputeOrder* const order_;
  MemoryPool pool_;  // Pinned.
  const std::unique_ptr<DeviceStream> stream_;
  const std::unique_ptr<core::Communicator> host_;

  std::vector<std::shared_ptr<Operation>> kept_;  // Of the thread: what may be in flight.
  std::optional<WorkerThread> thread_{std::in_place};
};

// Finished, as a completion, when its pieces have begun.
class StagedCommunicator::Operation final : public Completion {
 public:
  // `pinned` is null if the buffer lies on the host.
  Operation(StagedCommunicator& owner, const Plan& plan, std::shared_ptr<void> pinned, Call call)
      : owner_(owner),
        plan_(plan),
        pinned_(std::move(pinned)),
        on_host_(plan.buffer),
        after_(owner.order_ ? owner.order_->awaited() : nullptr),
        call_(std::move(call)) {
    if (pinned_) on_host_.data = pinned_.get();
    if (!plan.divisible || !pinned_) return;
    piece_count_ = kPieceBytes / core::SizeOf(plan.buffer.type);
    pieces_ = (plan.buffer.count + piece_count_ - 1) / piece_count_;
  }

  bool Await(std::coroutine_handle<> waiter) override {
    Completion::Await(waiter);
    const bool copies = plan_.writes && pinned_;
    for (int64_t i = 0; i < std::ssize(works_); ++i) {
      works_[i].Await(waiter);
      if (copies) Copy(Piece(on_host_, i), Piece(plan_.buffer, i));
    }
    if (copies) {
      end_ = owner_.stream_->Record();
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
    const bool copies = plan_.reads && pinned_;
    std::vector<std::shared_ptr<DeviceEvent>> copied;
    // What is received is written to memory that may still be read.
    if (after_ && pinned_) stream.WaitFor(*after_);
    for (int64_t i = 0; copies && i < pieces_; ++i) {
      Copy(Piece(plan_.buffer, i), Piece(on_host_, i));
      copied.push_back(stream.Record());
    }
    for (int64_t i = 0; i < pieces_; ++i) {
      if (copies) copied[i]->Wait();
      works_.push_back(call_(Piece(on_host_, i)));
    }
  }

 private:
  Buffer Piece(Buffer whole, int64_t i) const {
    const int64_t offset = i * piece_count_;
    return whole.Slice(offset, std::min(piece_count_, whole.count - offset));
  }
  void Copy(Buffer source, Buffer target) {
    owner_.stream_->Copy(target.data, source.data, source.bytes());
  }

  StagedCommunicator& owner_;
  const Plan plan_;
  const std::shared_ptr<void> pinned_;
  Buffer on_host_;  // Where the host's communicator finds it.
  int64_t pieces_ = 1;
  int64_t piece_count_ = plan_.buffer.count;  // Elements of a piece, but for the last.
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

Work StagedCommunicator::StartPieces(const Plan& plan, Call call) {
  const bool staged = plan.buffer.count > 0 && device_.Holds(plan.buffer.data);
  auto operation = std::make_shared<Operation>(
      *this, plan, staged ? pool_.Take(plan.buffer.bytes()) : nullptr, std::move(call));
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
