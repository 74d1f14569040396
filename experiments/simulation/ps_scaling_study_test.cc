#include "experiments/simulation/ps_scaling_study.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "experiments/simulation/simulation_size.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using ::testing::Contains;
using ::testing::Not;

std::vector<StudyPoint> Points() {
  const core::Profile profile = {.model = "even",
                                 .batch_size = 32,
                                 .parameters = 1'000'000,
                                 .forward = 0.03,
                                 .pass = 0.1,
                                 .update = 0.01,
                                 .accumulate_bytes_per_second = 8e9,
                                 .gradients = {{0, 1'000'000, 0.1}}};
  return StudyPoints({.profiles = {profile}});
}

// Numbers of workers with stragglers, by variant, at 10 Gbit/s.
std::map<std::string, std::set<int>> WithStragglers(const std::vector<StudyPoint>& points) {
  std::map<std::string, std::set<int>> workers;
  for (const StudyPoint& point : points) {
    if (point.gigabits_per_second != 10) continue;
    if (point.simulation.cluster.disturbance.straggler_share == 0) continue;
    workers[point.variant].insert(RolesOf(point.simulation).workers);
  }
  return workers;
}

TEST(StudyPoints, StragglersAreSimulatedAmong65536WorkersOfAFewServers) {
  auto workers = WithStragglers(Points());
  for (const char* variant : {"parameter_server, 1 server", "parameter_server, 4 servers",
                              "parameter_server_overlapped"}) {
    EXPECT_THAT(workers[variant], Contains(65536)) << variant;
  }
  EXPECT_THAT(workers["parameter_server, 16 servers"], Contains(16384));
  for (const auto& [variant, counts] : workers) {
    EXPECT_THAT(counts, Contains(1)) << variant;
    EXPECT_THAT(counts, Contains(4096)) << variant;
  }
}

TEST(StudyPoints, AmongMoreThan4096WorkersStragglersAreNeverAFormulas) {
  int checked = 0;
  for (const StudyPoint& point : Points()) {
    const SimulationCase& simulation = point.simulation;
    if (simulation.cluster.disturbance.straggler_share == 0) continue;
    if (RolesOf(simulation).workers <= 4096) continue;
    EXPECT_EQ(MethodFor(simulation, kStudyMessagesMax), SimulationMethod::kMessages)
        << point.variant;
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

TEST(StudyPoints, EveryPointWithStragglersHasOneWithout) {
  std::set<std::tuple<std::string, double, int>> without, with;
  for (const StudyPoint& point : Points()) {
    const bool stragglers = point.simulation.cluster.disturbance.straggler_share > 0;
    (stragglers ? with : without)
        .emplace(point.variant, point.gigabits_per_second, point.simulation.world_size);
  }
  EXPECT_TRUE(std::includes(without.begin(), without.end(), with.begin(), with.end()));
  EXPECT_THAT(without, Contains(std::tuple("parameter_server, 1 server", 10.0, (1 << 20) + 1)));
  EXPECT_THAT(with, Not(Contains(std::tuple("ddp", 10.0, 65536))));
}

}  // namespace
}  // namespace experiments
