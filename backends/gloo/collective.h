#ifndef BACKENDS_GLOO_COLLECTIVE_H_
#define BACKENDS_GLOO_COLLECTIVE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "backends/completion.h"
#include "backends/gloo/collective_headers.h"
#include "backends/gloo/peers.h"
#include "core/collectives/direct_exchange.h"
#include "core/task.h"
#include "core/timeline.h"
#include "core/work.h"

namespace backends {

// Where a message begins in a buffer of Gloo's.
struct BufferPlace {
  Peers::Buffer* buffer = nullptr;
  int64_t offset = 0;
};

// Memory for what others send of the segments under way, and Gloo's buffers on it.
class Scratch {
 public:
  explicit Scratch(Peers& peers);

  // Of all ranks' parts of the segment in that slot.
  std::byte* Of(int64_t slot);
  // No buffer if the target is not here.
  BufferPlace Find(const void* target, int peer) const;

 private:
  static constexpr int64_t kSlots = core::DirectExchange::kSegmentsAhead;

  Peers& peers_;
  const int64_t slot_bytes_;
  std::unique_ptr<std::byte[]> memory_;  // Of one slot after the other; once it is needed.
  std::vector<std::unique_ptr<Peers::Buffer>> buffers_[kSlots];  // By rank.
};

// What all collectives of one rank share.
struct CollectiveContext {
  Peers& peers;
  core::Timeline* timeline;  // May be null.
  CollectiveHeaders headers{peers};
  Scratch scratch{peers};
  // What a wait for other ranks is to do when Peers::MakeProgress is called.
  std::function<void()> make_progress;
};

// A direct exchange over Gloo's unbound buffers. What opens it is a header; its two hops have a
// slot each.
class Collective : public core::DirectExchange {
 public:
  // `number` counts the collectives of this communicator. `context` outlives it.
  Collective(CollectiveContext& context, const core::CollectiveCall& call, uint64_t number);
  // It has failed unless it is complete.
  ~Collective() override;

  core::Work MakeWork() const { return core::Work(completion_); }

  bool TryOpen() override;
  void FlushOpened() override;
  core::Task AwaitOpened() override;
  void Complete() override;

 private:
  class Transfer;

  core::Work Send(Hop hop, core::Buffer source, int to) override;
  core::Work Receive(Hop hop, core::Buffer target, int from) override;
  core::Buffer ScratchFor(int64_t slot) override;
  const void* ElementsFrom(int peer) override;

  BufferPlace PlaceOf(Hop hop, core::Buffer part, int peer);
  uint64_t Slot(Hop hop) const;
  void Check(int peer, const CollectiveHeader& theirs) const;

  CollectiveContext& context_;
  const uint64_t number_;
  const OperationName name_;
  const CollectiveHeader header_;
  core::Duration start_{};  // Of its transfer.
  std::shared_ptr<Completion> completion_ = std::make_shared<Completion>();
  std::vector<std::unique_ptr<Peers::Buffer>> buffers_[2];  // By hop and peer, on the data.
};

}  // namespace backends

#endif  // BACKENDS_GLOO_COLLECTIVE_H_
