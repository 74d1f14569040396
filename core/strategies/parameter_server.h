#ifndef CORE_STRATEGIES_PARAMETER_SERVER_H_
#define CORE_STRATEGIES_PARAMETER_SERVER_H_

#include <vector>

#include "core/strategy.h"

namespace core {

// Rank 0 holds the parameters and trains on nothing. In each step the workers pull them, compute
// and push their gradients; the server averages and updates (synchronous; Li et al., "Scaling
// Distributed Machine Learning with the Parameter Server", OSDI 2014). One message each way.
class ParameterServer : public Strategy {
 public:
  static constexpr int kServerRank = 0;

  Role role(int rank, int) const override {
    return rank == kServerRank ? Role::kServer : Role::kWorker;
  }
  Task Start(Worker& worker) override;
  Task Step(Worker& worker) override;
  Task Synchronize(Worker& worker) override;

 private:
  Task Serve(Worker& worker);
  Task PullComputePush(Worker& worker);

  std::vector<Buffer> pushed_;  // Server: one per worker.
};

}  // namespace core

#endif  // CORE_STRATEGIES_PARAMETER_SERVER_H_
