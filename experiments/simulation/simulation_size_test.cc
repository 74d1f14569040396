#include "experiments/simulation/simulation_size.h"

#include <string>

#include "core/base/error.h"
#include "experiments/simulation/simulation_run.h"
#include "experiments/testing/simulation_cases.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using core::AllReduceAlgorithm;
using ::testing::AllOf;
using testing::CaseOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ResNet;

constexpr auto kMessages = SimulationMethod::kMessages;

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
  for (const core::StrategyEntry& strategy : core::Strategies()) {
    for (auto algorithm : {AllReduceAlgorithm::kRing, AllReduceAlgorithm::kSegmentedRing,
                           AllReduceAlgorithm::kHalvingDoubling, AllReduceAlgorithm::kDoubleTree,
                           AllReduceAlgorithm::kDirectExchange}) {
      SimulationCase simulation = ResNet(strategy.name, 16);
      simulation.method = kMessages;
      simulation.all_reduce.algorithm = algorithm;
      simulation.steps = 10;
      const core::SimulationRow row = RunSimulation(simulation, 0);
      EXPECT_NEAR(SizeOf(simulation, kMessages).messages, *row.messages, 0.1 * *row.messages)
          << strategy.name << ", " << core::Name(algorithm);
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
