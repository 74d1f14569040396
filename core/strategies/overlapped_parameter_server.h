#ifndef CORE_STRATEGIES_OVERLAPPED_PARAMETER_SERVER_H_
#define CORE_STRATEGIES_OVERLAPPED_PARAMETER_SERVER_H_

#include <vector>

#include "core/strategies/ddp.h"
#include "core/strategy.h"

namespace core {

// A parameter server (rank 0) that works bucket by bucket: workers push a bucket's gradients while
// backward goes on with the others; the server updates it as soon as all workers' parts are in and
// sends it back at once. Push and pull use both directions of the links together, so a step moves
// about W·M/B where one message after the other takes 2·W·M/B.
class OverlappedParameterServer : public Strategy {
 public:
  static constexpr int kServerRank = 0;

  explicit OverlappedParameterServer(BucketLimits limits) : limits_(limits) {}

  int servers() const override { return 1; }
  Buffer Updated(Buffer all, int rank, int /*size*/) const override {
    return rank == kServerRank ? all : all.Slice(0, 0);
  }
  Task Start(Worker& worker) override;
  Task Step(Worker& worker) override;
  Task Synchronize(Worker& worker) override;

 private:
  Task Serve(Worker& worker);
  Task PushAndPull(Worker& worker);

  const BucketLimits limits_;
  std::vector<Bucket> buckets_;
  std::vector<int> bucket_of_parameter_;
  std::vector<Buffer> pushed_;  // Server: one per worker; the first is where the sum will be.
};

}  // namespace core

#endif  // CORE_STRATEGIES_OVERLAPPED_PARAMETER_SERVER_H_
