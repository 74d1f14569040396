#ifndef SIM_COST_COLLECTIVE_COST_H_
#define SIM_COST_COLLECTIVE_COST_H_

#include <functional>
#include <optional>
#include <vector>

#include "core/buffer.h"
#include "core/collectives/all_reduce_algorithm.h"
#include "core/span.h"
#include "sim/cluster/cluster.h"
#include "sim/cost/exchange_cost.h"
#include "sim/network/fair_sharing.h"
#include "sim/network/topology.h"

namespace sim {

// What a collective takes when all ranks begin it together and nothing else uses the links: closed
// forms of the algorithms in core/collectives. With o the latency of a message, overheads included,
// B the bandwidth that each message of a round gets, m bytes and n ranks:
//   ring                2(n − 1)(o + m/nB)
//   segmented ring      see SegmentedRing
//   halving, doubling   Σ over rounds, twice: o + m/2ʳB; two rounds of m more for n no power of two
//   double tree         see DoubleTree
//   reduce-scatter, all-gather   (n − 1)(o + m/nB)
//   broadcast           ⌈log₂ n⌉ rounds of o + m/B
//   direct exchange     of all of these: see ExchangeCost
// They are exact where links and parts are equal; the double tree's is an estimate (segments of two
// trees meet on links, in an order of their own). Adding up costs no time but in direct exchange.
class CollectiveCost {
 public:
  // All arguments outlive it.
  CollectiveCost(const Cluster& cluster, const Topology& topology, const FairSharing& sharing,
                 core::AllReduceOptions options, double add_bytes_per_second);

  // Seconds of a collective on `data`, of which only the size matters.
  double Seconds(core::SpanKind kind, core::Buffer data) const;

  // By link: how many neighbours in the ring of all ranks are connected over it; with direct
  // exchange, how many pairs of ranks.
  const std::vector<double>& load() const { return exchange_ ? exchange_->load() : ring_load_; }
  // Bytes between each two of those: with other algorithms, and in the mean, as many as in a ring.
  double BytesPerConnection(core::SpanKind kind, core::Buffer data) const;

 private:
  // Messages that are sent at the same time.
  struct Round {
    double latency = 0;           // Seconds: the longest, overheads included.
    double seconds_per_byte = 0;  // Of the slowest message.
  };
  using Target = std::function<int(int rank)>;  // −1: that rank sends nothing.

  // Adds the messages' links to `load`; the round's speed is that of all of it.
  Round MakeRound(const Target& target, std::vector<double>& load) const;
  Round MakeRound(const Target& target) const;
  void MakeHalving();
  void MakeTrees();
  double Ring(double bytes) const;  // One of its two halves.
  double SegmentedRing(core::Buffer data) const;
  double HalvingDoubling(double bytes) const;
  double DoubleTree(core::Buffer data) const;
  double Broadcast(double bytes) const;

  const Cluster& cluster_;
  const Topology& topology_;
  const FairSharing& sharing_;
  const core::AllReduceOptions options_;
  const int size_;
  std::vector<double> ring_load_;
  Round ring_;
  std::vector<Round> halving_;  // Largest distance first.
  std::vector<Round> broadcast_;
  Round fold_;  // Of the ranks beyond a power of two.
  Round trees_;
  int tree_depth_ = 0;
  std::optional<ExchangeCost> exchange_;
};

}  // namespace sim

#endif  // SIM_COST_COLLECTIVE_COST_H_
