#include "experiments/simulation_size.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "experiments/simulation_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using core::AllReduceAlgorithm;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kMessages = SimulationMethod::kMessages;

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

TEST(MethodFor, TakesTheClosedFormWhereThereAreTooManyMessages) {
  SimulationCase simulation = CaseOf("parameter_server", 65536);
  simulation.options.server.servers = 16384;
  EXPECT_EQ(MethodFor(simulation, kMessagesMax), SimulationMethod::kClosedForm);
  simulation.cluster.hosts_per_rack = 32;
  try {
    MethodFor(simulation, kMessagesMax);
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("racks"));
  }
}

TEST(SizeOf, CountsTheMessages) {
  for (const char* strategy :
       {"ddp", "all_reduce", "parameter_server", "parameter_server_overlapped"}) {
    for (auto algorithm : {AllReduceAlgorithm::kRing, AllReduceAlgorithm::kSegmentedRing,
                           AllReduceAlgorithm::kHalvingDoubling, AllReduceAlgorithm::kDoubleTree,
                           AllReduceAlgorithm::kDirectExchange}) {
      SimulationCase simulation = ResNet(strategy, 16);
      simulation.method = kMessages;
      simulation.all_reduce.algorithm = algorithm;
      simulation.steps = 10;
      const SimulationRow row = RunSimulation(simulation, 0, "");
      EXPECT_NEAR(SizeOf(simulation, kMessages).messages, *row.messages, 0.1 * *row.messages)
          << strategy << ", " << core::Name(algorithm);
    }
  }
}

TEST(CheckMemory, SaysWhatIsNeededAndWhatWouldNeedLess) {
  const auto refusal = [](const SimulationCase& simulation) {
    try {
      CheckMemory(simulation, kMessagesMax);
    } catch (const core::Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  SimulationCase servers = CaseOf("parameter_server", 1 << 24);
  servers.options.server.servers = 8192;
  servers.method = kMessages;
  EXPECT_THAT(refusal(servers), AllOf(HasSubstr("GB of memory"), HasSubstr("GB are free"),
                                      HasSubstr("--world-size=16777216"),
                                      HasSubstr("smaller world or fewer servers")));
  SimulationCase colocated = CaseOf("parameter_server", 1 << 20);
  colocated.options.server.colocated = true;
  colocated.method = kMessages;
  EXPECT_THAT(refusal(colocated),
              AllOf(HasSubstr("colocated"), HasSubstr("smaller world"), Not(HasSubstr("fewer"))));
  SimulationCase ddp = CaseOf("ddp", 1 << 20);
  ddp.all_reduce.algorithm = AllReduceAlgorithm::kDirectExchange;
  ddp.method = kMessages;
  EXPECT_THAT(refusal(ddp), HasSubstr("smaller world or --collectives=formula"));
  ddp.method = SimulationMethod::kAutomatic;
  EXPECT_EQ(refusal(ddp), "");
}

}  // namespace
}  // namespace experiments
