// How much memory simulating is said to take before it starts, compared with what it takes.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/profile.h"
#include "experiments/job_pool.h"
#include "experiments/simulation_row.h"
#include "experiments/simulation_run.h"
#include "experiments/simulation_size.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace experiments {
namespace {

using core::AllReduceAlgorithm;

constexpr auto kMessages = SimulationMethod::kMessages;
constexpr auto kFormula = SimulationMethod::kFormula;

// On a star of 10 Gbit/s, with a model of one gradient.
SimulationCase CaseOf(const std::string& strategy, int world_size) {
  SimulationCase simulation;
  simulation.strategy = strategy;
  simulation.world_size = world_size;
  simulation.cluster.card = {.bytes_per_second = 1.25e9, .latency = 25e-6};
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

// With ResNet-50 as it was measured.
SimulationCase ResNet(const std::string& strategy, int world_size) {
  SimulationCase simulation = CaseOf(strategy, world_size);
  simulation.profile = core::ReadProfile("experiments/profiles/resnet50_64px_batch16_float32.json");
  return simulation;
}

// What the process that simulates the case has needed at most.
double PeakOf(const SimulationCase& simulation) {
  double peak = 0;
  RunJobs({SimulationJob(simulation, kMessagesMax, "")}, {}, [&](size_t, const std::string& row) {
    peak = *SimulationRowFrom(nlohmann::ordered_json::parse(row)).memory_bytes;
  });
  return peak;
}

// A case whose estimate is compared with what it really takes, both without what a process takes
// that simulates next to nothing.
struct Measured {
  std::string name;
  SimulationCase simulation;
};

Measured Servers(int world_size, int servers) {
  SimulationCase simulation = CaseOf("parameter_server", world_size);
  simulation.options.server.servers = servers;
  simulation.method = kMessages;
  return {absl::StrCat("servers_", servers), simulation};
}

Measured Colocated(int world_size) {
  SimulationCase simulation = CaseOf("parameter_server", world_size);
  simulation.options.server.colocated = true;
  simulation.method = kMessages;
  return {"colocated", simulation};
}

Measured Overlapped(int world_size) {
  SimulationCase simulation = ResNet("parameter_server_overlapped", world_size);
  simulation.method = kMessages;
  return {"overlapped", simulation};
}

Measured ByFormula(SimulationCase simulation) {
  simulation.method = kFormula;
  return {simulation.strategy + "_formula", simulation};
}

Measured ByMessages(SimulationCase simulation, AllReduceAlgorithm algorithm) {
  simulation.method = kMessages;
  simulation.all_reduce.algorithm = algorithm;
  return {absl::StrCat(simulation.strategy, "_", std::string(core::Name(algorithm))), simulation};
}

// The links are slow, so that messages pile up.
Measured Exchanged(SimulationCase simulation) {
  simulation.cluster.card.bytes_per_second = 0.0125e9;
  return ByMessages(simulation, AllReduceAlgorithm::kDirectExchange);
}

class MemoryTest : public ::testing::TestWithParam<Measured> {};

TEST_P(MemoryTest, IsWhatItWasEstimatedAtOrAThirdOfThatAtLeast) {
  const SimulationCase& simulation = GetParam().simulation;
  SimulationCase least = CaseOf("parameter_server", 2);
  const double taken = PeakOf(simulation) - PeakOf(least);
  const double estimate = SizeOf(simulation, simulation.method).memory_bytes -
                          SizeOf(simulation, SimulationMethod::kClosedForm).memory_bytes;
  EXPECT_GE(estimate, taken);
  EXPECT_LE(estimate, 3 * taken);
}

INSTANTIATE_TEST_SUITE_P(
    Strategies, MemoryTest,
    ::testing::Values(Servers(16385, 1), Servers(65537, 1), Servers(4100, 4), Servers(512, 64),
                      Colocated(160), Overlapped(4097), ByFormula(ResNet("ddp", 16384)),
                      ByFormula(ResNet("all_reduce", 2048)),
                      ByMessages(CaseOf("ddp", 512), AllReduceAlgorithm::kRing),
                      ByMessages(CaseOf("ddp", 512), AllReduceAlgorithm::kSegmentedRing),
                      ByMessages(ResNet("ddp", 2048), AllReduceAlgorithm::kHalvingDoubling),
                      ByMessages(ResNet("all_reduce", 256), AllReduceAlgorithm::kHalvingDoubling),
                      ByMessages(ResNet("ddp", 256), AllReduceAlgorithm::kDoubleTree),
                      ByMessages(CaseOf("all_reduce", 1024), AllReduceAlgorithm::kDoubleTree),
                      Exchanged(ResNet("ddp", 64)), Exchanged(ResNet("all_reduce", 24))),
    [](const auto& test) {
      return absl::StrCat(test.param.name, "_", test.param.simulation.world_size);
    });

}  // namespace
}  // namespace experiments
