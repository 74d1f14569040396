#ifndef CORE_STRATEGY_H_
#define CORE_STRATEGY_H_

#include <algorithm>

#include "core/communicator.h"
#include "core/replica.h"
#include "core/task.h"

namespace core {

// What a strategy may touch.
struct Worker {
  Communicator& communicator;
  Replica& replica;
};

// What the ranks of a world do: the first ones serve and have no data; the others, the workers,
// train on a share of the data each.
struct Roles {
  int servers = 0;
  int workers = 0;

  int size() const { return servers + workers; }
  int first_worker() const { return servers; }
  bool trains(int rank) const { return rank >= servers; }
  // Which of the `workers` shares of the data is that of a rank that trains.
  int shard(int rank) const { return rank - servers; }
};

// How workers keep their replicas in step. Each rank has a strategy object of its own.
class Strategy {
 public:
  virtual ~Strategy() = default;

  // How many ranks do nothing but serve.
  virtual int servers() const { return 0; }
  // The part of `all`, a vector laid out as the parameters, that `rank` of `size` updates: of it this
  // rank has the newest values and the optimizer's state. Of two ranks these parts are the same or
  // have nothing in common; together they are everything. Empty on a rank that updates nothing.
  virtual Buffer Updated(Buffer all, int /*rank*/, int /*size*/) const { return all; }
  // Of a world of `size` ranks; without workers where it is too small for the strategy.
  Roles roles(int size) const {
    const int serving = std::min(servers(), size);
    return {.servers = serving, .workers = size - serving};
  }

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
