#include "sim/cost/collective_cost.h"

#include <algorithm>

#include "core/collectives/double_tree.h"
#include "core/collectives/halving_doubling.h"
#include "core/collectives/segmented_ring.h"

namespace sim {

CollectiveCost::CollectiveCost(const Cluster& cluster, const Topology& topology,
                               const FairSharing& sharing, core::AllReduceOptions options,
                               double add_bytes_per_second)
    : cluster_(cluster),
      topology_(topology),
      sharing_(sharing),
      options_(options),
      size_(topology.ranks()),
      ring_load_(sharing.link_count(), 0) {
  if (size_ == 1) return;
  ring_ = MakeRound([this](int rank) { return (rank + 1) % size_; }, ring_load_);
  for (int distance = 1; distance < size_; distance *= 2) {
    broadcast_.push_back(MakeRound([this, distance](int rank) {
      return rank < distance && rank + distance < size_ ? rank + distance : -1;
    }));
  }
  if (options.algorithm == core::AllReduceAlgorithm::kHalvingDoubling) MakeHalving();
  if (options.algorithm == core::AllReduceAlgorithm::kDoubleTree) MakeTrees();
  if (options.algorithm == core::AllReduceAlgorithm::kDirectExchange) {
    exchange_.emplace(cluster, topology, sharing, add_bytes_per_second);
  }
}

CollectiveCost::Round CollectiveCost::MakeRound(const Target& target) const {
  std::vector<double> load(sharing_.link_count(), 0);
  return MakeRound(target, load);
}

CollectiveCost::Round CollectiveCost::MakeRound(const Target& target,
                                                std::vector<double>& load) const {
  Round round;
  for (int rank = 0; rank < size_; ++rank) {
    const int to = target(rank);
    if (to < 0) continue;
    const Path path = topology_.PathBetween(rank, to);
    round.latency = std::max(round.latency, path.latency);
    for (uint32_t link : path.view()) ++load[link];
  }
  round.latency += cluster_.send_overhead + cluster_.receive_overhead;
  for (uint32_t link = 0; link < load.size(); ++link) {
    round.seconds_per_byte = std::max(round.seconds_per_byte, load[link] / sharing_.capacity(link));
  }
  return round;
}

void CollectiveCost::MakeHalving() {
  const core::HalvingMembers members(size_);
  for (int distance = members.count() / 2; distance > 0; distance /= 2) {
    halving_.push_back(MakeRound([&](int rank) {
      return members.Halves(rank) ? members.RankOf(members.MemberOf(rank) ^ distance) : -1;
    }));
  }
  if (members.count() == size_) return;
  fold_ = MakeRound([&](int rank) { return members.Halves(rank) ? -1 : rank - 1; });
}

void CollectiveCost::MakeTrees() {
  std::vector<double> load(sharing_.link_count(), 0);
  for (int tree : {0, 1}) {
    const auto place = [&](int rank) {
      return core::PlaceInTree(tree, rank, size_, options_.ranks_per_host);
    };
    MakeRound([&](int rank) { return place(rank).parent; }, load);
    for (int rank = 0; rank < size_; ++rank) {
      const core::TreePlace here = place(rank);
      tree_depth_ = std::max(tree_depth_, here.depth);
      for (int child : here.children) {
        const Path path = topology_.PathBetween(rank, child);
        for (uint32_t link : path.view()) ++load[link];
      }
    }
  }
  trees_ = MakeRound([](int) { return -1; }, load);
  trees_.latency = ring_.latency;
}

double CollectiveCost::Ring(double chunk_bytes) const {
  return (size_ - 1) * (ring_.latency + chunk_bytes * ring_.seconds_per_byte);
}

// In each half every rank sends r segments, two of them under way at any time. Segment k is through
// at F(k) = max(F(k − 2) + o, F(k − 1)) + t with o the latency and t a segment's time on the link.
double CollectiveCost::SegmentedRing(core::Buffer data) const {
  const core::Segments segments = core::CutIntoSegments(data.count, data.type, size_);
  const double rounds = static_cast<double>(segments.per_rank) * (size_ - 1);
  const double o = ring_.latency;
  const double t =
      static_cast<double>(segments.length * core::SizeOf(data.type)) * ring_.seconds_per_byte;
  if (o <= t) return 2 * (o + rounds * t);
  const bool even = (static_cast<int64_t>(rounds) & 1) == 0;
  return 2 * (even ? rounds / 2 * (o + t) + t : (rounds + 1) / 2 * (o + t));
}

double CollectiveCost::HalvingDoubling(double bytes) const {
  double seconds = 0;
  double part = bytes / 2;
  for (const Round& round : halving_) {
    seconds += 2 * (round.latency + part * round.seconds_per_byte);
    part /= 2;
  }
  if (fold_.latency > 0 || fold_.seconds_per_byte > 0) {
    seconds += 2 * (fold_.latency + bytes * fold_.seconds_per_byte);
  }
  return seconds;
}

// In ticks (core::DoubleTreeAllReduce): in most of them every link carries a segment over each edge
// of both trees, in the first and last ones, along the depth of a tree, hardly more than one.
double CollectiveCost::DoubleTree(core::Buffer data) const {
  const int64_t half = (data.count + 1) / 2;
  const int64_t length = core::DoubleTreeSegmentLength(half, data.type);
  const double bytes = static_cast<double>(length * core::SizeOf(data.type));
  const double segments = static_cast<double>((half + length - 1) / length);
  return segments * (trees_.latency + bytes * trees_.seconds_per_byte) +
         2 * tree_depth_ * (trees_.latency + bytes * ring_.seconds_per_byte);
}

double CollectiveCost::Broadcast(double bytes) const {
  double seconds = 0;
  for (const Round& round : broadcast_) seconds += round.latency + bytes * round.seconds_per_byte;
  return seconds;
}

double CollectiveCost::Seconds(core::SpanKind kind, core::Buffer data) const {
  if (size_ == 1) return 0;
  if (exchange_) return exchange_->Seconds(kind, data);
  const double bytes = static_cast<double>(data.bytes());
  const double chunk =
      static_cast<double>(core::RingChunkLength(data.count, size_) * core::SizeOf(data.type));
  switch (kind) {
    case core::SpanKind::kBroadcast:
      return Broadcast(bytes);
    case core::SpanKind::kReduceScatter:
    case core::SpanKind::kAllGather:
      return Ring(chunk);
    default:
      break;
  }
  switch (options_.algorithm) {
    case core::AllReduceAlgorithm::kSegmentedRing:
      return SegmentedRing(data);
    case core::AllReduceAlgorithm::kRing:
      return 2 * Ring(chunk);
    case core::AllReduceAlgorithm::kHalvingDoubling:
      return HalvingDoubling(bytes);
    case core::AllReduceAlgorithm::kDoubleTree:
      return DoubleTree(data);
    case core::AllReduceAlgorithm::kDirectExchange:
      break;  // Above.
  }
  return 0;
}

double CollectiveCost::BytesPerConnection(core::SpanKind kind, core::Buffer data) const {
  if (exchange_) return exchange_->BytesPerPair(kind, data);
  const double bytes = static_cast<double>(data.bytes()) * (size_ - 1) / size_;
  return kind == core::SpanKind::kAllReduce ? 2 * bytes : bytes;
}

}  // namespace sim
