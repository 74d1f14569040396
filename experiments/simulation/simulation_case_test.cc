#include "experiments/simulation/simulation_case.h"

#include "experiments/simulation/simulation_options.h"
#include "experiments/simulation/simulation_run.h"
#include "experiments/testing/simulation_cases.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using ::testing::ElementsAre;

constexpr double kDigits = 1e-9;

SimulationCase ServerCase(int world_size) {
  SimulationCase simulation = testing::CaseOf("parameter_server", world_size);
  simulation.steps = 2;
  return simulation;
}

double ByMessages(SimulationCase simulation) {
  simulation.method = SimulationMethod::kMessages;
  return RunSimulation(simulation, 0).step.total.count();
}

double ByClosedForm(SimulationCase simulation) {
  simulation.method = SimulationMethod::kClosedForm;
  return RunSimulation(simulation, 0).step.total.count();
}

TEST(ClosedForm, IsExactForAnyNumberOfServers) {
  for (int servers : {1, 2, 4, 16}) {
    for (int workers : {1, 3, 16, 40}) {
      SimulationCase simulation = ServerCase(workers + servers);
      simulation.options.server.servers = servers;
      const double expected = ByMessages(simulation);
      EXPECT_NEAR(ByClosedForm(simulation), expected, kDigits * expected)
          << servers << " servers, " << workers << " workers";
    }
  }
}

TEST(ClosedForm, IsExactForColocatedServers) {
  for (int size : {2, 4, 16, 32}) {
    SimulationCase simulation = ServerCase(size);
    simulation.options.server.colocated = true;
    const double expected = ByMessages(simulation);
    EXPECT_NEAR(ByClosedForm(simulation), expected, kDigits * expected) << size << " ranks";
  }
}

TEST(ClosedForm, IsNearWithStragglers) {
  for (double factor : {1.5, 3.0, 20.0}) {
    SimulationCase simulation = ServerCase(216);
    simulation.options.server.servers = 16;
    simulation.cluster.disturbance = {
        .seed = 3, .straggler_share = 0.1, .straggler_factor = factor};
    const double expected = ByMessages(simulation);
    EXPECT_NEAR(ByClosedForm(simulation), expected, 0.15 * expected) << factor;
  }
}

TEST(ParseWorldSizes, ContinuesWithTheRatioOfTheTwoBefore) {
  EXPECT_THAT(*ParseWorldSizes("2,4,...,32"), ElementsAre(2, 4, 8, 16, 32));
  EXPECT_THAT(*ParseWorldSizes("2,4,…,32,100"), ElementsAre(2, 4, 8, 16, 32, 100));
  EXPECT_THAT(*ParseWorldSizes("10,15,...,40"), ElementsAre(10, 15, 23, 34, 40));
  EXPECT_THAT(*ParseWorldSizes("7"), ElementsAre(7));
  for (const char* bad : {"", "2,,4", "2,...,8", "4,2,...,8", "2,4,...", "1e3", "2147483648"}) {
    EXPECT_FALSE(ParseWorldSizes(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace experiments
