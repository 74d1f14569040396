#include "sim/network/token_buckets.h"

#include <algorithm>

namespace sim {

TokenBuckets::TokenBuckets(const Topology& topology, const FairSharing& sharing)
    : sharing_(sharing) {
  if (!topology.HasBursts()) return;
  for (uint32_t link = 0; link < sharing.link_count(); ++link) {
    const double burst = topology.BurstOf(link);
    buckets_.push_back({.burst = burst, .tokens = burst});
  }
}

double TokenBuckets::Take(std::span<const uint32_t> links, double bytes, double now) {
  double passed = bytes;
  for (uint32_t link : links) {
    Bucket& bucket = buckets_[link];
    const double refilled = bucket.tokens + (now - bucket.time) * sharing_.capacity(link);
    bucket.tokens = std::min(bucket.burst, refilled);
    bucket.time = now;
    passed = std::clamp(bucket.tokens, 0.0, passed);
  }
  for (uint32_t link : links) buckets_[link].tokens -= bytes;
  return passed;
}

}  // namespace sim
