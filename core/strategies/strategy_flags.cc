#include "core/strategies/strategy_flags.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace core {
namespace {

constexpr double kMebibyte = 1 << 20;

}  // namespace

FlagTable StrategyFlags(StrategyOptions& options) {
  return {
      {"bucket_mb",
       Converted{[&options] { return static_cast<double>(options.buckets.bytes) / kMebibyte; },
                 [&options](double mebibytes) {
                   options.buckets.bytes =
                       std::max<int64_t>(1, std::llround(mebibytes * kMebibyte));
                 }},
       Range(1e-6, 1e6), "MiB of gradients that travel together, where they go bucket by bucket"},
      {"servers", &options.server.servers, Range(1, 1 << 24),
       "ranks that serve; each holds an equal share of the parameters"},
      {"colocated", &options.server.colocated,
       "servers on all ranks: each trains and serves its share"},
  };
}

}  // namespace core
