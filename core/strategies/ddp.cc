#include "core/strategies/ddp.h"

#include <optional>

namespace core {

std::vector<Bucket> MakeBuckets(std::span<const Extent> extents, BucketLimits limits) {
  std::vector<Bucket> buckets;
  int64_t limit = limits.first_bytes;
  int last = static_cast<int>(extents.size()) - 1;
  for (int parameter = last; parameter >= 0; --parameter) {
    const int64_t begin = extents[parameter].offset;
    const int64_t end = extents[last].offset + extents[last].count;
    const int64_t bytes = (end - begin) * SizeOf(DataType::kFloat32);
    if (bytes < limit && parameter > 0) continue;
    buckets.push_back({.first = parameter, .last = last, .extent = {begin, end - begin}});
    limit = limits.bytes;
    last = parameter - 1;
  }
  return buckets;
}

Task DistributedDataParallel::Start(Worker& worker) {
  const std::span<const Extent> extents = worker.replica.extents();
  buckets_ = MakeBuckets(extents, limits_);
  bucket_of_parameter_.resize(extents.size());
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    for (int parameter = buckets_[bucket].first; parameter <= buckets_[bucket].last; ++parameter) {
      bucket_of_parameter_[parameter] = static_cast<int>(bucket);
    }
  }
  Work broadcast = worker.communicator.Broadcast(worker.replica.parameters(), 0);
  co_await broadcast;
}

Task DistributedDataParallel::Step(Worker& worker) {
  const Buffer all = worker.replica.gradients();
  std::vector<int> missing;  // Gradients, by bucket.
  missing.reserve(buckets_.size());
  for (const Bucket& bucket : buckets_) missing.push_back(bucket.last - bucket.first + 1);

  std::vector<Work> reductions;
  reductions.reserve(buckets_.size());
  Gradients& gradients = worker.replica.Backward();
  while (std::optional<Gradient> gradient = co_await gradients.Next()) {
    --missing[bucket_of_parameter_[gradient->parameter]];
    // In the order of buckets, which all ranks share, not in that in which they happen to fill.
    while (reductions.size() < buckets_.size() && missing[reductions.size()] == 0) {
      const Extent& extent = buckets_[reductions.size()].extent;
      reductions.push_back(worker.communicator.AllReduce(all.Slice(extent.offset, extent.count)));
    }
  }

  // A bucket's parameters are updated while later buckets are still on their way.
  const float scale = 1.0f / static_cast<float>(worker.communicator.size());
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    co_await reductions[bucket];
    const Extent& extent = buckets_[bucket].extent;
    Work update = worker.replica.Update(all.Slice(extent.offset, extent.count), scale);
    co_await update;
  }
}

Task DistributedDataParallel::Synchronize(Worker&) { co_return; }

}  // namespace core
