#ifndef EXPERIMENTS_SIMULATION_SIMULATION_CASE_H_
#define EXPERIMENTS_SIMULATION_SIMULATION_CASE_H_

#include <memory>
#include <string>

#include "core/collectives/all_reduce_algorithm.h"
#include "core/records/profile.h"
#include "core/strategies/strategies.h"
#include "sim/cluster/cluster.h"
#include "sim/cost/strategy_calls.h"

namespace experiments {

// How a case is simulated.
enum class SimulationMethod {
  kAutomatic,   // Every message where there are few enough; else the first of these that serves:
  kMessages,    // Every message.
  kFormula,     // Collectives by their closed formulas, other messages one by one.
  kClosedForm,  // A parameter server's whole step by its closed formula.
};
// "messages", "formula", "closed form"; "auto".
std::string Name(SimulationMethod method);

// One simulated run to be.
struct SimulationCase {
  const core::StrategyEntry* strategy = nullptr;
  core::StrategyOptions options;
  int world_size = 1;  // Ranks, servers included.
  int steps = 1;
  SimulationMethod method = SimulationMethod::kAutomatic;
  core::AllReduceOptions all_reduce;
  sim::Cluster cluster;
  core::Profile profile;
  std::string trace;  // File for a Chrome trace of what the recorded ranks do; empty: none.
};

// One rank's strategy. Throws core::Error for options that do not go together.
std::unique_ptr<core::Strategy> MakeStrategy(const SimulationCase& simulation);

// Throws core::Error for such options, and for a world too small for the strategy.
core::Roles RolesOf(const SimulationCase& simulation);

// What the strategy does in that world. Throws as RolesOf.
sim::StrategyCalls CallsOf(const SimulationCase& simulation);

// "parameter_server, 4 servers", "ddp".
std::string Label(const SimulationCase& simulation);

}  // namespace experiments

#endif  // EXPERIMENTS_SIMULATION_SIMULATION_CASE_H_
