#ifndef SIM_COST_EXCHANGE_COST_H_
#define SIM_COST_EXCHANGE_COST_H_

#include <vector>

#include "core/buffer.h"
#include "core/span.h"
#include "sim/cluster/cluster.h"
#include "sim/network/fair_sharing.h"
#include "sim/network/topology.h"

namespace sim {

// What a collective by core::DirectExchange takes when all ranks begin it together and nothing else
// uses the links. With o the latency of a message, overheads included, B the bandwidth of a rank's
// links, R bytes/s of adding, m bytes, n ranks, and all shares of one segment:
//   all-reduce        2(o + (n − 1)/n · m/B) + (n − 1)/n · m/R
//   of few elements   o + (n − 1) · m/B + (n − 1) · m/R
//   reduce-scatter    o + (n − 1)/n · m/B + (n − 1)/n · m/R
//   all-gather        o + (n − 1)/n · m/B
//   broadcast         2o + (3n − 4)/n · m/B, of few elements o + (n − 1) · m/B; n > 2
// With more segments pieces and sums share the links, which it follows. Exact where links and
// shares are equal; a broadcast's is an estimate where it has several segments.
class ExchangeCost {
 public:
  ExchangeCost(const Cluster& cluster, const Topology& topology, const FairSharing& sharing,
               double add_bytes_per_second);

  double Seconds(core::SpanKind kind, core::Buffer data) const;

  // Of a message between two ranks, in the mean.
  double BytesPerPair(core::SpanKind kind, core::Buffer data) const;
  // By link: how many pairs of ranks are connected over it.
  const std::vector<double>& load() const { return load_; }

 private:
  double Broadcast(core::Buffer data) const;

  const int size_;
  const double add_bytes_per_second_;
  const std::vector<double> load_;
  double latency_ = 0;                // Seconds: the longest, overheads included.
  double seconds_per_byte_ = 0;       // Of a message when all pairs exchange one.
  double root_seconds_per_byte_ = 0;  // When one rank sends one to each other.
};

}  // namespace sim

#endif  // SIM_COST_EXCHANGE_COST_H_
