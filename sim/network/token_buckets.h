#ifndef SIM_NETWORK_TOKEN_BUCKETS_H_
#define SIM_NETWORK_TOKEN_BUCKETS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "sim/network/fair_sharing.h"
#include "sim/network/topology.h"

namespace sim {

// Links that let a burst through at once after they were idle, as a rate limiter does that is a
// token bucket (RFC 2697; Linux' tbf): tokens come at the link's bandwidth, up to the burst, and
// every byte takes one. Of a message, as many bytes as there are tokens on all its links pass at
// once; the rest flows. A message takes all its tokens when it starts, so the next one finds those
// that have come back since.
class TokenBuckets {
 public:
  // Both outlive it.
  TokenBuckets(const Topology& topology, const FairSharing& sharing);

  // False where no link has a burst: then there is nothing to ask.
  bool any() const { return !buckets_.empty(); }

  // A message of `bytes` over `links` starts at `now`, seconds, not before the last call's. Returns
  // how many of its bytes pass at once.
  double Take(std::span<const uint32_t> links, double bytes, double now);

 private:
  struct Bucket {
    double burst = 0;   // Bytes.
    double tokens = 0;  // At `time`; below 0 by what messages that are under way will take.
    double time = 0;
  };

  const FairSharing& sharing_;
  std::vector<Bucket> buckets_;  // By link; none if no link has a burst.
};

}  // namespace sim

#endif  // SIM_NETWORK_TOKEN_BUCKETS_H_
