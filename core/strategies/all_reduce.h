#ifndef CORE_STRATEGIES_ALL_REDUCE_H_
#define CORE_STRATEGIES_ALL_REDUCE_H_

#include "core/strategy.h"

namespace core {

// The all-reduce that people write by hand: after the whole backward pass, one per parameter.
class ManualAllReduce : public Strategy {
 public:
  Task Start(Worker& worker) override;
  Task Step(Worker& worker) override;
  Task Synchronize(Worker& worker) override;
};

}  // namespace core

#endif  // CORE_STRATEGIES_ALL_REDUCE_H_
