#include "core/strategies/ddp.h"

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

std::vector<int> BucketOfParameter(const std::vector<Bucket>& buckets) {
  std::vector<int> bucket_of_parameter(buckets.empty() ? 0 : buckets.front().last + 1);
  for (size_t bucket = 0; bucket < buckets.size(); ++bucket) {
    for (int parameter = buckets[bucket].first; parameter <= buckets[bucket].last; ++parameter) {
      bucket_of_parameter[parameter] = static_cast<int>(bucket);
    }
  }
  return bucket_of_parameter;
}

BucketCountdown::BucketCountdown(const std::vector<Bucket>& buckets) {
  missing_.reserve(buckets.size());
  for (const Bucket& bucket : buckets) missing_.push_back(bucket.last - bucket.first + 1);
}

std::optional<int> BucketCountdown::NextFull() {
  if (next_ == static_cast<int>(missing_.size()) || missing_[next_] > 0) return std::nullopt;
  return next_++;
}

Task DistributedDataParallel::Start(Worker& worker) {
  buckets_ = MakeBuckets(worker.replica.extents(), limits_);
  bucket_of_parameter_ = BucketOfParameter(buckets_);
  Work broadcast = worker.communicator.Broadcast(worker.replica.parameters(), 0);
  co_await broadcast;
}

Task DistributedDataParallel::Step(Worker& worker) {
  const Buffer all = worker.replica.gradients();
  BucketCountdown countdown(buckets_);
  std::vector<Work> reductions;
  reductions.reserve(buckets_.size());
  Gradients& gradients = worker.replica.Backward();
  while (std::optional<Gradient> gradient = co_await gradients.Next()) {
    countdown.Count(bucket_of_parameter_[gradient->parameter]);
    for (std::optional<int> full; (full = countdown.NextFull());) {
      const Extent& extent = buckets_[*full].extent;
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
