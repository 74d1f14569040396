#ifndef CORE_STRATEGIES_PARAMETER_SERVER_H_
#define CORE_STRATEGIES_PARAMETER_SERVER_H_

#include <cstddef>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/strategy.h"

namespace core {

struct ParameterServerOptions {
  // The first ranks serve and train on nothing; each holds an equal share of the parameters.
  int servers = 1;
  // Instead every rank trains, and serves its share beside.
  bool colocated = false;
};

// In each step the workers pull the parameters from the servers, compute, and push their gradients;
// the servers average and update (synchronous; Li et al., "Scaling Distributed Machine Learning
// with the Parameter Server", OSDI 2014). One message each way between a worker and a server.
class ParameterServer : public Strategy {
 public:
  explicit ParameterServer(ParameterServerOptions options) : options_(options) {}

  int servers() const override { return options_.colocated ? 0 : options_.servers; }
  Buffer Updated(Buffer all, int rank, int size) const override {
    return rank < ServerCount(size) ? ShardOf(all, rank, size) : all.Slice(0, 0);
  }
  Task Start(Worker& worker) override;
  Task Step(Worker& worker) override;
  Task Synchronize(Worker& worker) override;

 private:
  // Of a worker; no memory of their own for up to two servers.
  using Works = absl::InlinedVector<Work, 2>;

  int ServerCount(int size) const { return options_.colocated ? size : options_.servers; }
  bool Serves(const Worker& worker) const;
  bool Trains(const Worker& worker) const { return worker.communicator.rank() >= servers(); }
  Buffer ShardOf(Buffer all, int server, int size) const;
  Task Train(Worker& worker);
  Task Serve(Worker& worker);
  std::vector<Work> SendParameters(Worker& worker) const;
  Works ReceiveParameters(Worker& worker) const;
  Works SendGradients(Worker& worker) const;
  std::vector<Work> ReceiveGradients(Worker& worker) const;

  // Of a server: its `index`-th peer of those that train, and where that one's gradients arrive.
  int Pusher(int index, int rank) const;
  Buffer Target(size_t index, Buffer sum) const { return {targets_[index], sum.count, sum.type}; }

  const ParameterServerOptions options_;
  // Of a server. There may be a million of them in a simulation: what is alike is left out.
  std::vector<void*> targets_;
};

}  // namespace core

#endif  // CORE_STRATEGIES_PARAMETER_SERVER_H_
