#include "backends/images/distributed_sampler.h"

#include <numeric>
#include <random>
#include <utility>

namespace backends {

std::vector<int64_t> RandomPermutation(int64_t size, uint64_t seed) {
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 engine(static_cast<uint32_t>(seed));
  for (int64_t i = 0; i + 1 < size; ++i) {
    std::swap(order[i], order[i + static_cast<int64_t>(engine()) % (size - i)]);
  }
  return order;
}

int64_t SamplesPerRank(const SamplerOptions& options) {
  return (options.size + options.ranks - 1) / options.ranks;
}

std::vector<int64_t> DistributedSamples(const SamplerOptions& options, int epoch) {
  const std::vector<int64_t> order = RandomPermutation(options.size, options.seed + epoch);
  std::vector<int64_t> samples(SamplesPerRank(options));
  for (int64_t i = 0; i < std::ssize(samples); ++i) {
    samples[i] = order[(options.rank + i * options.ranks) % options.size];
  }
  return samples;
}

std::vector<int64_t> ShardedSamples(int64_t size, int rank, int ranks) {
  std::vector<int64_t> samples;
  for (int64_t i = rank; i < size; i += ranks) samples.push_back(i);
  return samples;
}

}  // namespace backends
