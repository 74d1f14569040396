#ifndef BACKENDS_GLOO_COLLECTIVE_H_
#define BACKENDS_GLOO_COLLECTIVE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backends/completion.h"
#include "backends/gloo/openings.h"
#include "backends/gloo/peers.h"
#include "core/buffer.h"
#include "core/collectives/direct_exchange.h"
#include "core/span.h"

namespace backends {

struct CollectiveCall {
  core::SpanKind kind = core::SpanKind::kAllReduce;
  core::Buffer data;
  int root = -1;  // Of a broadcast.
};

// Memory for what others send of the segments in flight, and Gloo's buffers on it.
class Scratch {
 public:
  // Of a segment, per rank.
  static constexpr int64_t kSegmentBytes = core::ExchangePlan::kSegmentBytesMax;

  struct Piece {
    std::unique_ptr<std::byte[]> memory;
    std::unique_ptr<Peers::Buffer> buffer;
  };

  explicit Scratch(Peers& peers) : peers_(peers), pieces_(kSegmentsMax) {}

  // Segments are taken and returned in order.
  bool has_room() const { return taken_ - returned_ < kSegmentsMax; }
  uint64_t Take() { return taken_++; }
  void Return() { ++returned_; }
  // One piece of kSegmentBytes for each rank.
  std::vector<Piece>& PiecesOf(uint64_t segment);

 private:
  static constexpr uint64_t kSegmentsMax = core::DirectExchange::kSegmentsAhead;

  Peers& peers_;
  std::vector<std::vector<Piece>> pieces_;
  uint64_t taken_ = 0;
  uint64_t returned_ = 0;
};

// One collective on this rank.
//
// Each rank owns a contiguous share of the elements. Scatter: everybody sends everybody the
// elements of the latter's share, who sums them in the order of ranks (a broadcast's root alone
// sends, and nothing is summed). Gather: everybody sends everybody its share. Two hops instead of a
// ring's 2 (n − 1), as many bytes, and the sums do not depend on how elements are cut into
// segments. Segments, the same part of every share, keep links and processor busy at the same time.
class Collective {
 public:
  // `number` counts the collectives of this communicator.
  Collective(Peers& peers, const CollectiveCall& call, uint64_t number);

  const OperationName& name() const { return name_; }
  std::shared_ptr<Completion> completion() const { return completion_; }

  // These do not wait for other ranks. Segments are started in order, after opening.
  bool TryOpen(Openings& openings);
  bool all_started() const { return is_open_ && started_ == segments_; }
  void StartSegment(Scratch& scratch);

  // These wait until the other ranks have done as much, as Peers::AwaitReceived. In this order.
  void AwaitOpenings(Openings& openings, const std::function<void()>& attend);
  bool all_here() const { return all_here_; }
  bool all_advanced() const { return advanced_ == segments_; }
  void AdvanceSegment(Scratch& scratch, const std::function<void()>& attend);
  // Takes the elements that came with the openings, which are not needed after it.
  void TakeElements(Openings& openings);
  // Needs nothing of the others any more but that they have done the above, and may run beside what
  // is done for other collectives.
  void Finish();

 private:
  bool sums() const;
  bool gathers() const;
  // The part of `rank`'s share that belongs to the segment.
  Peers::Part PartOf(int rank, int64_t segment) const;
  uint64_t Slot(uint64_t purpose) const;
  void Check(int peer, const Opening& theirs) const;
  void Sum(const std::vector<const std::byte*>& addends, Peers::Part part);

  Peers& peers_;
  const core::Buffer data_;
  const uint64_t number_;
  const OperationName name_;
  const Opening opening_;
  const std::shared_ptr<Completion> completion_ = std::make_shared<Completion>();

  int64_t share_bytes_ = 0;
  int64_t segments_ = 0;
  int64_t started_ = 0;
  int64_t advanced_ = 0;
  bool is_open_ = false;
  bool all_here_ = false;
  uint64_t first_scratch_ = 0;
  std::vector<std::unique_ptr<Peers::Buffer>> elements_;  // By peer, on data_.
  std::unique_ptr<Peers::Buffer> scattered_;              // From a broadcast's root, on data_.
  std::vector<int> sent_;                                 // By peer: sends to await.
};

}  // namespace backends

#endif  // BACKENDS_GLOO_COLLECTIVE_H_
