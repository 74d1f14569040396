#ifndef BACKENDS_IMAGES_DISTRIBUTED_SAMPLER_H_
#define BACKENDS_IMAGES_DISTRIBUTED_SAMPLER_H_

#include <cstdint>
#include <vector>

namespace backends {

// What torch.utils.data.distributed.DistributedSampler is made of, except the epoch. It shuffles,
// and fills up what does not divide by `ranks` from the order's beginning.
struct SamplerOptions {
  int64_t size = 0;  // Images of the whole data set.
  int rank = 0;
  int ranks = 1;
  uint64_t seed = 0;
};

// The numbers 0 to `size` − 1 in the order of torch.randperm with a CPU generator seeded `seed`;
// for sizes below 2^32 / 20, where PyTorch begins to draw 64 bits.
std::vector<int64_t> RandomPermutation(int64_t size, uint64_t seed);

// How many images each rank gets: the same number for all.
int64_t SamplesPerRank(const SamplerOptions& options);

// The images of `options.rank` in `epoch`, from 0, in DistributedSampler's order.
std::vector<int64_t> DistributedSamples(const SamplerOptions& options, int epoch);

// The images of `rank` where each is wanted exactly once over all ranks, as in validation: rank,
// rank + ranks, … Ranks may get different numbers of them.
std::vector<int64_t> ShardedSamples(int64_t size, int rank, int ranks);

}  // namespace backends

#endif  // BACKENDS_IMAGES_DISTRIBUTED_SAMPLER_H_
