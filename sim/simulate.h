#ifndef SIM_SIMULATE_H_
#define SIM_SIMULATE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/collectives/all_reduce_algorithm.h"
#include "core/records/profile.h"
#include "core/strategy.h"
#include "core/timeline.h"
#include "sim/cluster/cluster.h"
#include "sim/collectives/make_collectives.h"

namespace sim {

struct SimulationOptions {
  int world_size = 1;
  int steps = 1;
  CollectiveMode collectives = CollectiveMode::kMessages;
  core::AllReduceOptions all_reduce;
  // Workers, evenly spaced, whose spans are kept. Of servers it is the first ones, as far as they
  // have no more than 100,000 peers together.
  int recorded_ranks_max = 256;
  bool trace = false;
};

// One rank's strategy.
using StrategyFactory = std::function<std::unique_ptr<core::Strategy>(int rank)>;

// A link during the steps.
struct LinkReport {
  std::string name;
  double bytes = 0;
  double utilization = 0;  // Bytes over what it could have carried from the first step on.
};

struct RankTrace {
  int rank;
  std::vector<core::Timeline::Traced> spans;
};

// What a simulated run gave. Times are virtual seconds unless they say otherwise.
struct Simulation {
  core::Roles roles;
  double start = 0;         // When the last rank was ready for its first step.
  double end = 0;           // When the last rank had done its last.
  double step_seconds = 0;  // Mean over the steps: (end − start) / steps.
  // By step, means over the recorded ranks of a role; empty where there are none.
  std::vector<core::Breakdown> worker_steps;
  std::vector<core::Breakdown> server_steps;
  std::vector<LinkReport> busiest;  // At most eight links, by utilization.
  std::vector<RankTrace> traces;    // Of the recorded ranks, if asked for.
  uint64_t events = 0;              // Timers, resumptions, flows.
  uint64_t messages = 0;
  double cpu_seconds = 0;    // Of the processor: set-up and run.
  int64_t memory_bytes = 0;  // The process's largest.
};

// Runs `steps` steps of all ranks on a simulated cluster. Throws core::Error for what a strategy
// throws, for ranks that wait for ever, and, before it starts, for worlds that memory cannot hold.
Simulation Simulate(const Cluster& cluster, const core::Profile& profile,
                    const StrategyFactory& strategy, const SimulationOptions& options);

}  // namespace sim

#endif  // SIM_SIMULATE_H_
