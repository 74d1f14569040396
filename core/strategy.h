#ifndef CORE_STRATEGY_H_
#define CORE_STRATEGY_H_

#include "core/communicator.h"
#include "core/replica.h"
#include "core/task.h"

namespace core {

// What a strategy may touch.
struct Worker {
  Communicator& communicator;
  Replica& replica;
};

// Workers train on their share of the data; servers have none.
enum class Role { kWorker, kServer };

// How workers keep their replicas in step. Each rank has a strategy object of its own.
class Strategy {
 public:
  virtual ~Strategy() = default;

  virtual Role role(int rank, int size) const = 0;

  // Once, before the first step: from here on all ranks have the parameters of one.
  virtual Task Start(Worker& worker) = 0;

  // One minibatch of every worker, one update of the model. Calls Backward() on workers exactly
  // once.
  virtual Task Step(Worker& worker) = 0;

  // Leaves the newest parameters on every worker, for evaluation. Between steps; all ranks call it.
  virtual Task Synchronize(Worker& worker) = 0;
};

}  // namespace core

#endif  // CORE_STRATEGY_H_
