#ifndef EXPERIMENTS_SIMULATION_SIMULATION_CASE_H_
#define EXPERIMENTS_SIMULATION_SIMULATION_CASE_H_

#include <cstdint>
#include <string>

#include "core/collectives/all_reduce_algorithm.h"
#include "core/records/profile.h"
#include "core/strategies/strategies.h"
#include "sim/cluster/cluster.h"

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
  std::string strategy;  // As --strategy names it.
  core::StrategyOptions options;
  int world_size = 1;  // Ranks, servers included.
  int steps = 1;
  SimulationMethod method = SimulationMethod::kAutomatic;
  core::AllReduceOptions all_reduce;
  sim::Cluster cluster;
  core::Profile profile;
};

// Whether workers pull from and push to servers; whether these do nothing else; whether there can
// be several of such.
bool HasServers(const SimulationCase& simulation);
bool HasDedicatedServers(const SimulationCase& simulation);
bool CanShareModel(const SimulationCase& simulation);

// Ranks that train, and ranks that serve and do nothing else.
struct RankCounts {
  int workers = 0;
  int servers = 0;
};
// Throws core::Error for a strategy that does not exist or does not take the options, or a world
// too small for it.
RankCounts CountRanks(const SimulationCase& simulation);

// "parameter_server, 4 servers", "ddp".
std::string Label(const SimulationCase& simulation);

}  // namespace experiments

#endif  // EXPERIMENTS_SIMULATION_SIMULATION_CASE_H_
