#include "core/collectives/direct_exchange.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace core {
namespace {

int64_t CeilingOfRatio(int64_t dividend, int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

void Copy(Buffer source, Buffer target) {
  if (source.data && source.count > 0) std::memcpy(target.data, source.data, source.bytes());
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

DirectExchange::DirectExchange(SpanKind kind, Buffer data, int root, Communicator& scattering,
                               Communicator& gathering,
                               std::function<void(Buffer addend, Buffer sum)> add)
    : kind_(kind),
      data_(data),
      root_(root),
      scattering_(scattering),
      gathering_(gathering),
      add_(std::move(add)),
      rank_(scattering.rank()),
      size_(scattering.size()),
      cut_(PlanExchange(kind, data.count, data.type, size_)),
      segments_(static_cast<size_t>(std::min(cut_.segments, kSegmentsAhead))) {}

bool DirectExchange::sums() const {
  return kind_ == SpanKind::kAllReduce || kind_ == SpanKind::kReduceScatter;
}
bool DirectExchange::gathers() const { return kind_ != SpanKind::kReduceScatter && !one_hop(); }

int64_t DirectExchange::ScratchCount() const { return sums() ? size_ * cut_.segment_length : 0; }

Buffer DirectExchange::Part(int rank, int64_t segment) const {
  if (one_hop()) return data_;
  const int64_t end = std::min((rank + 1) * cut_.share, data_.count);
  const int64_t begin = rank * cut_.share + segment * cut_.segment_length;
  return data_.Slice(begin, std::clamp<int64_t>(end - begin, 0, cut_.segment_length));
}

Buffer DirectExchange::Piece(Buffer scratch, int peer, int64_t count) const {
  return scratch.Slice(peer * cut_.segment_length, count);
}

void DirectExchange::Start(Buffer scratch) {
  const int64_t number = started_++;
  Segment& segment = segments_[static_cast<size_t>(number % kSegmentsAhead)];
  segment = {scratch, {}};
  const Buffer own = Part(rank_, number);
  // What all get of it must not change while it is on its way.
  const bool copied = one_hop() && sums();
  if (copied) Copy(data_, Piece(scratch, rank_, own.count));
  for (int peer = 0; peer < size_; ++peer) {
    if (peer == rank_) continue;
    if (own.count > 0 && (sums() || peer == root_)) {
      const Buffer target = sums() ? Piece(scratch, peer, own.count) : own;
      segment.received.push_back(scattering_.Receive(target, peer, kind_));
    }
    const Buffer theirs = copied ? Piece(scratch, rank_, own.count) : Part(peer, number);
    if (theirs.count > 0 && (sums() || rank_ == root_)) {
      others_.push_back(scattering_.Send(theirs, peer, kind_));
    }
  }
  // In the order in which others send: the sum of a segment goes after the pieces of later ones
  // that are started before it.
  while (gathers() && expected_ < (all_started() ? started_ : started_ - kSegmentsAhead + 1)) {
    Expect(expected_++);
  }
}

// What comes back of others' parts overwrites what we send them, but only after they have received
// it.
void DirectExchange::Expect(int64_t number) {
  if (rank_ == root_) return;
  for (int peer = 0; peer < size_; ++peer) {
    const Buffer theirs = Part(peer, number);
    if (peer == rank_ || theirs.count == 0) continue;
    others_.push_back(gathering_.Receive(theirs, peer, kind_));
  }
}

Task DirectExchange::Advance() {
  Segment& segment = segments_[static_cast<size_t>(advanced_ % kSegmentsAhead)];
  for (Work& received : segment.received) co_await received;
  segment.received.clear();
  const Buffer own = Part(rank_, advanced_);
  if (sums() && own.count > 0) {
    // (x₀ + x₁ + … + x₍rank−1₎) + own + …: the order of ranks.
    const Buffer before = Piece(segment.scratch, 0, own.count);
    for (int peer = 1; peer < rank_; ++peer) add_(Piece(segment.scratch, peer, own.count), before);
    if (rank_ > 0) add_(before, own);
    for (int peer = rank_ + 1; peer < size_; ++peer) {
      add_(Piece(segment.scratch, peer, own.count), own);
    }
  }
  ++advanced_;
  for (int peer = 0; peer < size_; ++peer) {
    if (!gathers() || peer == rank_ || peer == root_ || own.count == 0) continue;
    others_.push_back(gathering_.Send(own, peer, kind_));
  }
}

Task DirectExchange::Finish() {
  for (Work& other : others_) co_await other;
}

int64_t DirectExchangeScratchCount(int64_t count, DataType type, int size) {
  const ExchangePlan cut = PlanExchange(SpanKind::kAllReduce, count, type, size);
  return std::min(cut.segments, DirectExchange::kSegmentsAhead) * size * cut.segment_length;
}

Task DirectExchangeAllReduce(Communicator& communicator, Buffer data, Buffer scratch) {
  DirectExchange exchange(SpanKind::kAllReduce, data, -1, communicator, communicator);
  const int64_t count = exchange.ScratchCount();
  int64_t started = 0;
  while (!exchange.all_advanced()) {
    while (!exchange.all_started() &&
           exchange.segments_under_way() < DirectExchange::kSegmentsAhead) {
      exchange.Start(scratch.Slice(started++ % DirectExchange::kSegmentsAhead * count, count));
    }
    co_await exchange.Advance();
  }
  co_await exchange.Finish();
}

}  // namespace core
