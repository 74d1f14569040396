#ifndef CORE_COLLECTIVES_DIRECT_EXCHANGE_H_
#define CORE_COLLECTIVES_DIRECT_EXCHANGE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "core/buffer.h"
#include "core/communicator.h"
#include "core/span.h"
#include "core/task.h"
#include "core/work.h"

namespace core {

// How a collective by direct exchange cuts its data.
struct ExchangePlan {
  static constexpr int64_t kOneHopBytesMax = 128 << 10;
  static constexpr int64_t kSegmentBytesMax = 2 << 20;
  // Shares begin at multiples of this, so that sums run on whole vectors.
  static constexpr int64_t kShareAlignmentBytes = 64;

  bool one_hop = false;        // Everybody sends everybody all elements: they are few.
  int64_t share = 0;           // Elements that a rank owns; the last ranks may have fewer.
  int64_t segment_length = 0;  // Elements of a share that travel together.
  int64_t segments = 0;
};
ExchangePlan PlanExchange(SpanKind kind, int64_t count, DataType type, int size);

// One rank's part in a collective by direct exchange: every rank owns a share of the elements.
// Scatter: everybody sends everybody the elements of the latter's share, who sums them in the order
// of ranks (a broadcast's root alone sends, and nothing is summed). Gather: everybody sends
// everybody its share. (Thakur, Rabenseifner, Gropp: Optimization of collective communication
// operations in MPICH, 2005, have the same exchange in n − 1 rounds of pairs; here all messages
// start at once.) With n ranks and m bytes, two hops and 2(n − 1)/n · m bytes; the sums do not
// depend on how elements are cut. The same part of every share, a segment, travels together, so
// that links and processor are busy at the same time. Few elements travel from everybody to
// everybody in one hop, with what opens the collective, and each rank sums them all.
//
// How messages travel, and what becomes of a collective that is complete, is for a derived class
// to say. A CollectiveQueue calls the public functions, in this order.
class DirectExchange {
 public:
  // So many segments of a rank may be started and not yet advanced.
  static constexpr int64_t kSegmentsAhead = 3;

  DirectExchange(const CollectiveCall& call, int rank, int size);
  virtual ~DirectExchange() = default;

  bool one_hop() const { return plan_.one_hop; }
  bool all_started() const { return started_ == plan_.segments; }
  bool all_advanced() const { return advanced_ == plan_.segments; }

  // Tells all other ranks what is called; few elements go with it, and may be overwritten then.
  // Does not wait: returns false if the others are so far behind that only finishing what is under
  // way helps.
  virtual bool TryOpen() = 0;
  // What has been opened up to this one leaves, if it was held back to travel together.
  virtual void FlushOpened() {}
  // Starts the next segment, unless there is but one hop: does not wait. Of those under way, from
  // all of a rank's collectives, each has another `slot` from 0 to kSegmentsAhead − 1.
  void Start(int64_t slot);
  // Waits until all other ranks have opened it too, and what they sent with that is there.
  virtual Task AwaitOpened() = 0;
  // Waits for the elements of the oldest segment that is not yet advanced, sums and sends them.
  Task Advance();
  // Once all segments are advanced: waits until the data is complete and may be used. Others'
  // collectives may go on meanwhile, also on another thread.
  Task Finish();
  virtual void Complete() = 0;

 protected:
  enum class Hop { kScatter, kGather };

  const CollectiveCall& call() const { return call_; }
  int rank() const { return rank_; }
  int size() const { return size_; }
  // The other ranks, for i from 1 to size() − 1: from the next one on. Where everybody does
  // something for each of them, not all begin with the same one, which would get everything first
  // and so be ahead for good.
  int Other(int i) const { return (rank_ + i) % size_; }
  bool sums() const { return call_.sums(); }
  // Of all ranks' parts of a segment.
  int64_t ScratchCount() const { return size_ * plan_.segment_length; }
  // What Finish waits for as well.
  void AwaitAtEnd(Work work) { at_end_.push_back(std::move(work)); }

  // Messages of the same hop between two ranks match in order; they do not block.
  virtual Work Send(Hop hop, Buffer source, int to) = 0;
  virtual Work Receive(Hop hop, Buffer target, int from) = 0;
  // ScratchCount() elements for the segment in that slot.
  virtual Buffer ScratchFor(int64_t slot) = 0;
  // What came from that rank with its opening.
  virtual const void* ElementsFrom(int peer) = 0;
  // So many bytes have been added to others.
  virtual void OnSummed(int64_t) {}

 private:
  struct Segment {
    Buffer scratch;
    std::vector<Work> received;
  };

  bool gathers() const { return call_.kind != SpanKind::kReduceScatter && !one_hop(); }
  // The part of `rank`'s share that belongs to the segment.
  Buffer PartOf(int rank, int64_t segment) const;
  Buffer Piece(Buffer scratch, int peer, int64_t count) const {
    return scratch.Slice(peer * plan_.segment_length, count);
  }
  // Leaves the sum, or the root's elements, in `own`.
  void TakeElements(Buffer scratch, Buffer own);

  const CollectiveCall call_;
  const int rank_;
  const int size_;
  const ExchangePlan plan_;
  int64_t started_;
  int64_t advanced_ = 0;
  Segment segments_[kSegmentsAhead];  // Those under way, by turns.
  std::vector<Work> at_end_;
};

}  // namespace core

#endif  // CORE_COLLECTIVES_DIRECT_EXCHANGE_H_
