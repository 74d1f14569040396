#ifndef SIM_TESTING_SIM_WORLD_H_
#define SIM_TESTING_SIM_WORLD_H_

#include <memory>
#include <optional>

#include "core/collectives/all_reduce_algorithm.h"
#include "core/testing/world.h"
#include "sim/cluster/cluster.h"

namespace sim::testing {

// A simulated world whose messages carry what they are given. Ranks that wait for ever throw
// core::Error. Collectives by messages with an algorithm, else by formula.
std::unique_ptr<core::testing::World> MakeSimWorld(
    Cluster cluster, std::optional<core::AllReduceOptions> by_messages);

}  // namespace sim::testing

#endif  // SIM_TESTING_SIM_WORLD_H_
