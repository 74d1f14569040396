#ifndef SIM_COST_STRATEGY_CALLS_H_
#define SIM_COST_STRATEGY_CALLS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/records/profile.h"
#include "core/span.h"
#include "core/strategy.h"

namespace sim {

struct CountedCollective {
  core::SpanKind kind;
  int64_t elements;  // Float32.
};

// What a strategy asks of its communicators until all ranks are through its start, or a step.
struct CountedCalls {
  std::vector<CountedCollective> collectives;  // Of any rank, as all call the same.
  double messages = 0;                         // From one rank to another; of all ranks together.
  bool overlaps = false;                       // Some are asked for before the pass is over.
};

struct StrategyCalls {
  core::Roles roles;
  CountedCalls start, step;
};

// Counts by running Start and one Step of a few ranks, with every operation done as soon as it is
// asked for and nothing in the buffers: of the first worker, the last, and one between them for all
// others. What a worker receives of a server counts as the server's. What servers send each other
// is what the first one of a world with one worker sends the others, times the servers. Exact where
// ranks of a role do alike, but for the workers at the ends; else an estimate. `make` makes one
// rank's strategy; the world has a worker.
StrategyCalls CountCalls(const std::function<std::unique_ptr<core::Strategy>()>& make,
                         const core::Profile& profile, int world_size);

}  // namespace sim

#endif  // SIM_COST_STRATEGY_CALLS_H_
