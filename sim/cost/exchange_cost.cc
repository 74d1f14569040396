#include "sim/cost/exchange_cost.h"

#include <algorithm>
#include <limits>

#include "core/collectives/direct_exchange.h"
#include "sim/engine/instant.h"

namespace sim {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// One direction of a link between two ranks: messages one after the other.
struct Stream {
  std::vector<double> ready;  // By message: when it can flow.
  size_t next = 0;
  double left = 0;  // Seconds of the next message that it would take alone.

  double NextReady() const { return next < ready.size() ? ready[next] : kNever; }
};

// What a segment takes, in seconds.
struct SegmentCost {
  double flow = 0;  // Of its messages on a rank's link, alone.
  double add = 0;
};

// Every rank's pieces go in one stream, its sums in another; where both flow each has half. A piece
// is sent when the one kSegmentsAhead before it has been summed, a sum when all its pieces are.
// Returns when the last is received, or, where nothing is gathered, summed.
double FollowStreams(double latency, const std::vector<SegmentCost>& segments, bool gathers) {
  const size_t count = segments.size();
  Stream pieces{std::vector<double>(count, kNever), 0, segments[0].flow};
  Stream sums = pieces;
  for (size_t i = 0; i < count && i < core::DirectExchange::kSegmentsAhead; ++i) {
    pieces.ready[i] = latency;
  }
  double now = 0;
  double added = 0;  // When the rank has done with the sums so far.
  while ((gathers ? sums : pieces).next < count) {
    const bool piece_flows = pieces.NextReady() <= now;
    const bool sum_flows = gathers && sums.NextReady() <= now;
    const double slowness = piece_flows && sum_flows ? 2 : 1;
    const double piece_event = piece_flows ? now + pieces.left * slowness : pieces.NextReady();
    const double sum_event = sum_flows ? now + sums.left * slowness : sums.NextReady();
    const double then = std::min(piece_event, gathers ? sum_event : kNever);
    if (piece_flows) pieces.left -= (then - now) / slowness;
    if (sum_flows) sums.left -= (then - now) / slowness;
    now = then;
    if (sum_flows && sum_event <= Horizon(now) && ++sums.next < count) {
      sums.left = segments[sums.next].flow;
    }
    if (!piece_flows || piece_event > Horizon(now)) continue;
    added = std::max(added, now) + segments[pieces.next].add;
    sums.ready[pieces.next] = added + latency;
    const size_t later = pieces.next + core::DirectExchange::kSegmentsAhead;
    if (later < count) pieces.ready[later] = added + latency;
    if (++pieces.next < count) pieces.left = segments[pieces.next].flow;
  }
  return gathers ? now : added;
}

}  // namespace

ExchangeCost::ExchangeCost(const Cluster& cluster, const Topology& topology,
                           const FairSharing& sharing, double add_bytes_per_second)
    : size_(topology.ranks()),
      add_bytes_per_second_(add_bytes_per_second),
      load_(topology.AllPairsLoad()) {
  // The rank that is farthest from the one that is farthest from any: no two are farther apart.
  int farthest = 0;
  for (int pass = 0; pass < 2; ++pass) {
    const int from = farthest;
    for (int to = 0; to < size_; ++to) {
      const double latency = topology.PathBetween(from, to).latency;
      if (latency <= latency_) continue;
      latency_ = latency;
      farthest = to;
    }
  }
  latency_ += cluster.send_overhead + cluster.receive_overhead;
  std::vector<double> root_load(load_.size(), 0);
  for (int rank = 1; rank < size_; ++rank) {
    const Path path = topology.PathBetween(0, rank);  // Outlives its view.
    for (uint32_t link : path.view()) ++root_load[link];
  }
  for (uint32_t link = 0; link < load_.size(); ++link) {
    const double capacity = sharing.capacity(link);
    seconds_per_byte_ = std::max(seconds_per_byte_, load_[link] / capacity);
    root_seconds_per_byte_ = std::max(root_seconds_per_byte_, root_load[link] / capacity);
  }
}

double ExchangeCost::Seconds(core::SpanKind kind, core::Buffer data) const {
  if (kind == core::SpanKind::kBroadcast) return Broadcast(data);
  const core::ExchangePlan cut = core::PlanExchange(kind, data.count, data.type, size_);
  std::vector<SegmentCost> segments;
  double flow = 0;
  for (int64_t begin = 0; begin < cut.share; begin += cut.segment_length) {
    const int64_t count = std::min(cut.segment_length, cut.share - begin);
    const double bytes = static_cast<double>(count * core::SizeOf(data.type));
    segments.push_back({bytes * seconds_per_byte_, (size_ - 1) * bytes / add_bytes_per_second_});
    flow += segments.back().flow;
  }
  if (kind == core::SpanKind::kAllGather || segments.empty()) return latency_ + flow;
  return FollowStreams(latency_, segments, kind == core::SpanKind::kAllReduce && !cut.one_hop);
}

// The root scatters and sends its own share to all; then the others gather, but for the root's.
double ExchangeCost::Broadcast(core::Buffer data) const {
  const core::ExchangePlan cut =
      core::PlanExchange(core::SpanKind::kBroadcast, data.count, data.type, size_);
  const double bytes = static_cast<double>(cut.share * core::SizeOf(data.type));
  if (cut.one_hop) return latency_ + bytes * root_seconds_per_byte_;
  const double scattered = latency_ + 2 * bytes * root_seconds_per_byte_;
  if (size_ == 2) return scattered;
  return scattered + latency_ + bytes * seconds_per_byte_ * (size_ - 2) / (size_ - 1);
}

double ExchangeCost::BytesPerPair(core::SpanKind kind, core::Buffer data) const {
  const core::ExchangePlan cut = core::PlanExchange(kind, data.count, data.type, size_);
  const double bytes = static_cast<double>(data.bytes());
  if (cut.one_hop) return kind == core::SpanKind::kBroadcast ? bytes / size_ : bytes;
  return (kind == core::SpanKind::kAllReduce ? 2 : 1) * bytes / size_;
}

}  // namespace sim
