#include "core/strategies/overlapped_parameter_server.h"

#include <optional>

namespace core {
namespace {

Buffer Of(const Bucket& bucket, Buffer all) {
  return all.Slice(bucket.extent.offset, bucket.extent.count);
}

}  // namespace

Task OverlappedParameterServer::Start(Worker& worker) {
  buckets_ = MakeBuckets(worker.replica.extents(), limits_);
  bucket_of_parameter_ = BucketOfParameter(buckets_);
  if (worker.communicator.rank() == kServerRank) {
    pushed_.push_back(worker.replica.gradients());
    for (int peer = 2; peer < worker.communicator.size(); ++peer) {
      pushed_.push_back(worker.replica.Allocate(worker.replica.gradients().count));
    }
  }
  Work broadcast = worker.communicator.Broadcast(worker.replica.parameters(), kServerRank);
  co_await broadcast;
}

Task OverlappedParameterServer::Step(Worker& worker) {
  return worker.communicator.rank() == kServerRank ? Serve(worker) : PushAndPull(worker);
}

Task OverlappedParameterServer::Synchronize(Worker&) { co_return; }

Task OverlappedParameterServer::Serve(Worker& worker) {
  const int workers = worker.communicator.size() - 1;
  std::vector<Work> received;  // By bucket, then by worker, as messages of a worker arrive.
  received.reserve(buckets_.size() * workers);
  for (const Bucket& bucket : buckets_) {
    for (int peer = 1; peer <= workers; ++peer) {
      received.push_back(
          worker.communicator.Receive(Of(bucket, pushed_[peer - 1]), peer, SpanKind::kPush));
    }
  }
  std::vector<Work> sent;
  sent.reserve(received.size());
  for (size_t i = 0; i < buckets_.size(); ++i) {
    const Buffer sum = Of(buckets_[i], worker.replica.gradients());
    for (int peer = 1; peer <= workers; ++peer) {
      co_await received[i * workers + peer - 1];
      if (peer == 1) continue;
      Work accumulated = worker.replica.Accumulate(Of(buckets_[i], pushed_[peer - 1]), sum);
      co_await accumulated;
    }
    Work update = worker.replica.Update(sum, 1.0f / static_cast<float>(workers));
    co_await update;
    for (int peer = 1; peer <= workers; ++peer) {
      sent.push_back(worker.communicator.Send(Of(buckets_[i], worker.replica.parameters()), peer,
                                              SpanKind::kPull));
    }
  }
  for (Work& work : sent) co_await work;
}

Task OverlappedParameterServer::PushAndPull(Worker& worker) {
  BucketCountdown countdown(buckets_);
  std::vector<Work> moved;
  moved.reserve(2 * buckets_.size());
  Gradients& gradients = worker.replica.Backward();
  while (std::optional<Gradient> gradient = co_await gradients.Next()) {
    countdown.Count(bucket_of_parameter_[gradient->parameter]);
    for (std::optional<int> full; (full = countdown.NextFull());) {
      const Bucket& bucket = buckets_[*full];
      moved.push_back(worker.communicator.Send(Of(bucket, worker.replica.gradients()), kServerRank,
                                               SpanKind::kPush));
      // The server answers once this rank's gradients are in, which the pass reads no more.
      moved.push_back(worker.communicator.Receive(Of(bucket, worker.replica.parameters()),
                                                  kServerRank, SpanKind::kPull));
    }
  }
  for (Work& work : moved) co_await work;
}

}  // namespace core
