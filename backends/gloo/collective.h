#ifndef BACKENDS_GLOO_COLLECTIVE_H_
#define BACKENDS_GLOO_COLLECTIVE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backends/gloo/completion.h"
#include "backends/gloo/peers.h"
#include "core/buffer.h"
#include "core/span.h"

namespace backends {

struct CollectiveCall {
  core::SpanKind kind = core::SpanKind::kAllReduce;
  core::Buffer data;
  int root = -1;  // Of a broadcast.
};

// What every rank first tells every other one about a collective. A small one's elements follow.
struct Opening {
  core::SpanKind kind = core::SpanKind::kAllReduce;
  core::DataType type = core::DataType::kFloat32;
  int32_t root = -1;
  int64_t bytes = 0;

  bool operator==(const Opening&) const = default;
};

// Memory that collectives in flight borrow, and Gloo's buffers on it.
class CollectiveMemory {
 public:
  // So many collectives may be open, and so many segments started and not yet advanced.
  static constexpr int kOpenMax = 16;
  static constexpr int kSegmentMax = 3;
  // Elements of all-reduces and broadcasts up to this size go with the opening, once from everybody
  // to everybody.
  static constexpr int64_t kInlineBytes = 32 << 10;
  // Of a segment, per rank.
  static constexpr int64_t kSegmentBytes = 1 << 20;

  struct Piece {
    std::unique_ptr<std::byte[]> memory;
    std::unique_ptr<Peers::Buffer> buffer;
  };
  struct Openings {
    std::vector<Piece> sources;
    std::vector<Piece> targets;
  };

  explicit CollectiveMemory(Peers& peers) : peers_(peers) {}

  Openings& OpeningsOf(uint64_t collective);
  // One piece of kSegmentBytes for each peer.
  std::vector<Piece>& Scratch(uint64_t segment);

  bool HasFreeSegment() const { return segments_started_ - segments_done_ < kSegmentMax; }
  uint64_t TakeSegment() { return segments_started_++; }
  void ReturnSegment() { ++segments_done_; }

 private:
  Piece MakePiece(int64_t bytes);

  Peers& peers_;
  uint64_t segments_started_ = 0;
  uint64_t segments_done_ = 0;
  std::vector<Openings> openings_{kOpenMax};
  std::vector<std::vector<Piece>> scratch_{kSegmentMax};
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
  Completion& completion() { return *completion_; }
  std::shared_ptr<Completion> shared_completion() const { return completion_; }

  // These never block. Segments are started in order, after Open.
  void Open(CollectiveMemory& memory);
  bool is_open() const { return is_open_; }
  bool all_started() const { return started_ == segments_; }
  void StartSegment(CollectiveMemory& memory);

  // These block until the other ranks have done as much. In this order.
  void AwaitOpenings(CollectiveMemory& memory);
  bool all_here() const { return all_here_; }
  bool all_advanced() const { return advanced_ == segments_; }
  void AdvanceSegment(CollectiveMemory& memory);
  void Finish(CollectiveMemory& memory);

 private:
  bool is_inline() const;
  bool sums() const;
  bool gathers() const;
  // The part of `rank`'s share that belongs to the segment.
  Peers::Part PartOf(int rank, int64_t segment) const;
  uint64_t Slot(uint64_t purpose) const;
  void Check(int peer, const Opening& theirs) const;
  void TakeInline(CollectiveMemory& memory);
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
