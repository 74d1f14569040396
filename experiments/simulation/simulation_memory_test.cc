// How much memory simulating is said to take before it starts, compared with what it takes.
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/simulation/simulation_run.h"
#include "experiments/simulation/simulation_size.h"
#include "experiments/testing/simulation_cases.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using core::AllReduceAlgorithm;
using testing::CaseOf;
using testing::ResNet;

constexpr auto kMessages = SimulationMethod::kMessages;
constexpr auto kFormula = SimulationMethod::kFormula;

// What the process that simulates the case has needed at most.
double PeakOf(const SimulationCase& simulation) {
  return *RunSimulations({simulation}, kMessagesMax, 1)[0].memory_bytes;
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
  return {absl::StrCat(simulation.strategy->name, "_formula"), simulation};
}

Measured ByMessages(SimulationCase simulation, AllReduceAlgorithm algorithm) {
  simulation.method = kMessages;
  simulation.all_reduce.algorithm = algorithm;
  return {absl::StrCat(simulation.strategy->name, "_", std::string(core::Name(algorithm))),
          simulation};
}

// The links are slow, so that messages pile up.
Measured Exchanged(SimulationCase simulation) {
  simulation.cluster.nic.bytes_per_second = 0.0125e9;
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
