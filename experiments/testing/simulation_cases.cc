#include "experiments/testing/simulation_cases.h"

#include "core/records/profile.h"

namespace experiments::testing {

SimulationCase CaseOf(const std::string& strategy, int world_size) {
  SimulationCase simulation;
  simulation.strategy = *core::StrategyNamed(strategy);
  simulation.world_size = world_size;
  simulation.cluster.nic = {.bytes_per_second = 1.25e9, .latency = 25e-6};
  simulation.profile = {.model = "even",
                        .batch_size = 32,
                        .parameters = 24'000'000,
                        .forward = 0.03,
                        .pass = 0.1,
                        .update = 0.01,
                        .accumulate_bytes_per_second = 8e9,
                        .gradients = {{0, 24'000'000, 0.1}}};
  return simulation;
}

SimulationCase ResNet(const std::string& strategy, int world_size) {
  SimulationCase simulation = CaseOf(strategy, world_size);
  simulation.profile = core::ReadProfile("experiments/profiles/resnet50_64px_batch16_float32.json");
  return simulation;
}

}  // namespace experiments::testing
