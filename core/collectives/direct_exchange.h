#ifndef CORE_COLLECTIVES_DIRECT_EXCHANGE_H_
#define CORE_COLLECTIVES_DIRECT_EXCHANGE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "core/collectives/add.h"
#include "core/communicator.h"
#include "core/task.h"

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

// One rank's part in a collective by direct exchange, as the Gloo backend does it: every rank owns
// a share of the elements. Scatter: everybody sends everybody the elements of the latter's share,
// who sums them in the order of ranks (a broadcast's root alone sends, and nothing is summed).
// Gather: everybody sends everybody its share. (Thakur, Rabenseifner, Gropp: Optimization of
// collective communication operations in MPICH, 2005, have the same exchange in n − 1 rounds of
// pairs; here all messages start at once.) With n ranks and m bytes, two hops and 2(n − 1)/n · m
// bytes. The same part of every share, a segment, travels together. Few elements travel from
// everybody to everybody in one hop, where each rank sums them all.
//
// `kind` is kAllReduce, kReduceScatter, kAllGather or kBroadcast, as the Communicator's calls.
class DirectExchange {
 public:
  // So many segments may be started and not yet advanced.
  static constexpr int64_t kSegmentsAhead = 3;

  // Scattered and gathered elements may travel over the same communicator while this rank has one
  // collective at a time; else these are two whose messages do not match. Both outlive it. `root`
  // is −1 but for a broadcast. `add` adds its first argument to its second.
  DirectExchange(SpanKind kind, Buffer data, int root, Communicator& scattering,
                 Communicator& gathering, std::function<void(Buffer addend, Buffer sum)> add = Add);

  bool one_hop() const { return cut_.one_hop; }
  bool all_started() const { return started_ == cut_.segments; }
  bool all_advanced() const { return advanced_ == cut_.segments; }
  int64_t segments_under_way() const { return started_ - advanced_; }
  // Elements of scratch for each segment.
  int64_t ScratchCount() const;

  // Starts the next segment: does not wait. `scratch` belongs to it until it is advanced.
  void Start(Buffer scratch);
  // Waits for the elements of the oldest segment that is not yet advanced, sums and sends them.
  Task Advance();
  // Once all segments are advanced: waits until the data is complete and may be used.
  Task Finish();

 private:
  struct Segment {
    Buffer scratch;
    std::vector<Work> received;
  };

  bool sums() const;
  bool gathers() const;
  // The part of `rank`'s share that belongs to the segment.
  Buffer Part(int rank, int64_t segment) const;
  Buffer Piece(Buffer scratch, int peer, int64_t count) const;
  void Expect(int64_t segment);

  const SpanKind kind_;
  const Buffer data_;
  const int root_;
  Communicator& scattering_;
  Communicator& gathering_;
  const std::function<void(Buffer addend, Buffer sum)> add_;
  const int rank_;
  const int size_;
  const ExchangePlan cut_;
  int64_t started_ = 0;
  int64_t expected_ = 0;  // Segments whose gathered elements have a place to come to.
  int64_t advanced_ = 0;
  std::vector<Segment> segments_;  // Those under way, by turns.
  std::vector<Work> others_;       // What Finish waits for.
};

// Elements of scratch that DirectExchangeAllReduce needs.
int64_t DirectExchangeScratchCount(int64_t count, DataType type, int size);

// Leaves the sum over ranks in `data` of all, the same bits.
Task DirectExchangeAllReduce(Communicator& communicator, Buffer data, Buffer scratch);

}  // namespace core

#endif  // CORE_COLLECTIVES_DIRECT_EXCHANGE_H_
