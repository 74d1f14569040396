#ifndef CORE_STRATEGIES_DDP_H_
#define CORE_STRATEGIES_DDP_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/strategy.h"

namespace core {

// Limits at which PyTorch's DistributedDataParallel closes a bucket (torch/nn/parallel, 2.x).
struct BucketLimits {
  int64_t first_bytes = 1 << 20;
  int64_t bytes = 25 << 20;
};

// Parameters whose gradients travel together: consecutive ones, so one slice of the flat buffer.
struct Bucket {
  int first = 0;  // Parameters first…last, inclusive.
  int last = 0;
  Extent extent;
};

// From the last parameter to the first, as backward produces gradients; a bucket is closed by the
// gradient that takes it to its limit, as PyTorch's compute_bucket_assignment_by_size does.
std::vector<Bucket> MakeBuckets(std::span<const Extent> extents, BucketLimits limits);

// The bucket of each parameter.
std::vector<int> BucketOfParameter(const std::vector<Bucket>& buckets);

// Which buckets of a pass are full. They are taken in their order, which all ranks share, not in
// that in which they happen to fill.
class BucketCountdown {
 public:
  explicit BucketCountdown(const std::vector<Bucket>& buckets);
  // A gradient of `bucket` is final.
  void Count(int bucket) { --missing_[bucket]; }
  // The next bucket, if it is full; each is given once.
  std::optional<int> NextFull();

 private:
  std::vector<int> missing_;  // Gradients, by bucket.
  int next_ = 0;
};

// What PyTorch's DistributedDataParallel does: each bucket is all-reduced as soon as its gradients
// are final, while backward goes on with the others (Li et al., "PyTorch Distributed", VLDB 2020).
class DistributedDataParallel : public Strategy {
 public:
  explicit DistributedDataParallel(BucketLimits limits) : limits_(limits) {}

  Task Start(Worker& worker) override;
  Task Step(Worker& worker) override;
  Task Synchronize(Worker& worker) override;

 private:
  const BucketLimits limits_;
  std::vector<Bucket> buckets_;
  std::vector<int> bucket_of_parameter_;
};

}  // namespace core

#endif  // CORE_STRATEGIES_DDP_H_
