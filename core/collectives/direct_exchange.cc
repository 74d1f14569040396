#include "core/collectives/direct_exchange.h"

#include <algorithm>
#include <cstring>

#include "core/collectives/add.h"

namespace core {
namespace {

int64_t CeilingOfRatio(int64_t dividend, int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

}  // namespace

ExchangePlan PlanExchange(SpanKind kind, int64_t count, DataType type, int size) {
  const bool by_shards = kind == SpanKind::kReduceScatter || kind == SpanKind::kAllGather;
  const bool few = count * SizeOf(type) <= ExchangePlan::kOneHopBytesMax;
  if (few && !by_shards) return {true, count, count, 1};
  const int64_t alignment = ExchangePlan::kShareAlignmentBytes / SizeOf(type);
  const int64_t share =
      by_shards ? count / size : CeilingOfRatio(CeilingOfRatio(count, size), alignment) * alignment;
  const int64_t length = ExchangePlan::kSegmentBytesMax / SizeOf(type);
  return {false, share, std::min(share, length), CeilingOfRatio(share, length)};
}

DirectExchange::DirectExchange(const CollectiveCall& call, int rank, int size)
    : call_(call),
      rank_(rank),
      size_(size),
      plan_(PlanExchange(call.kind, call.data.count, call.data.type, size)),
      started_(plan_.one_hop ? 1 : 0) {}

Buffer DirectExchange::PartOf(int rank, int64_t segment) const {
  if (one_hop()) return call_.data;
  const int64_t end = std::min((rank + 1) * plan_.share, call_.data.count);
  const int64_t begin = rank * plan_.share + segment * plan_.segment_length;
  return call_.data.Slice(begin, std::clamp<int64_t>(end - begin, 0, plan_.segment_length));
}

void DirectExchange::Start(int64_t slot) {
  const int64_t number = started_++;
  Segment& segment = segments_[number % kSegmentsAhead];
  const Buffer own = PartOf(rank_, number);
  if (sums() && own.count > 0) segment.scratch = ScratchFor(slot);
  for (int i = 1; i < size_; ++i) {
    const int peer = Other(i);
    const Buffer theirs = PartOf(peer, number);
    if (own.count > 0 && (sums() || peer == call_.root)) {
      const Buffer target = sums() ? Piece(segment.scratch, peer, own.count) : own;
      segment.received.push_back(Receive(Hop::kScatter, target, peer));
    }
    if (theirs.count == 0) continue;
    // What comes back of their part overwrites what they are sent of it, but only after they have
    // received that.
    if (gathers() && rank_ != call_.root) AwaitAtEnd(Receive(Hop::kGather, theirs, peer));
    if (sums() || rank_ == call_.root) AwaitAtEnd(Send(Hop::kScatter, theirs, peer));
  }
}

Task DirectExchange::Advance() {
  Segment& segment = segments_[advanced_ % kSegmentsAhead];
  for (const Work& received : segment.received) co_await received;
  segment.received.clear();
  const Buffer own = PartOf(rank_, advanced_);
  if (own.count > 0) TakeElements(segment.scratch, own);
  ++advanced_;
  for (int i = 1; i < size_; ++i) {
    const int peer = Other(i);
    if (!gathers() || peer == call_.root || own.count == 0) continue;
    AwaitAtEnd(Send(Hop::kGather, own, peer));
  }
}

void DirectExchange::TakeElements(Buffer scratch, Buffer own) {
  if (sums()) OnSummed((size_ - 1) * own.bytes());
  if (!own.data) return;
  if (sums()) {
    std::vector<const void*> addends;
    for (int rank = 0; rank < size_; ++rank) {
      addends.push_back(rank == rank_ ? own.data
                        : one_hop()   ? ElementsFrom(rank)
                                      : Piece(scratch, rank, own.count).data);
    }
    SumInRankOrder(addends, own);
  } else if (one_hop() && rank_ != call_.root) {
    std::memcpy(own.data, ElementsFrom(call_.root), static_cast<size_t>(own.bytes()));
  }
}

Task DirectExchange::Finish() {
  for (const Work& work : at_end_) co_await work;
}

}  // namespace core
