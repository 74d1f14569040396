#ifndef SIM_TESTING_RANDOM_WORLD_H_
#define SIM_TESTING_RANDOM_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>

#include "core/records/profile.h"
#include "core/strategies/strategies.h"
#include "sim/cluster/cluster.h"
#include "sim/simulate.h"

namespace sim::testing {

// All that a simulated run depends on.
struct RandomWorld {
  Cluster cluster;
  core::Profile profile;
  const core::StrategyEntry* strategy;
  core::StrategyOptions strategy_options;
  SimulationOptions options;
};

// A small one of any kind there is, with 1 to 24 ranks: a function of the seed.
RandomWorld DrawWorld(uint64_t seed);

// One rank's.
std::unique_ptr<core::Strategy> MakeStrategy(const RandomWorld& world);

Simulation SimulateWorld(const RandomWorld& world);

// In one line, for whoever looks at a failure.
std::string Describe(const RandomWorld& world);

}  // namespace sim::testing

#endif  // SIM_TESTING_RANDOM_WORLD_H_
