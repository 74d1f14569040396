// In processes of their own, as what one simulation has freed another one may use.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "core/strategies/strategies.h"
#include "gtest/gtest.h"
#include "sim/simulate.h"
#include "sim/testing/simulations.h"

namespace sim {
namespace {

// Bytes that a process which only simulates has needed at most.
int64_t PeakOf(const std::string& strategy, int steps) {
  const pid_t child = fork();
  if (child == 0) {
    Simulate(testing::Disturbed(1), testing::EvenProfile(1), testing::Named(strategy),
             {.world_size = 65, .steps = steps, .recorded_ranks_max = 1});
    _exit(0);
  }
  int status = 0;
  rusage usage;
  EXPECT_EQ(wait4(child, &status, 0, &usage), child);
  EXPECT_EQ(status, 0);
  return int64_t{usage.ru_maxrss} * 1024;
}

TEST(SimulateMemoryTest, MemoryDoesNotGrowWithSteps) {
  for (const std::string& name : core::StrategyNames()) {
    // A completion that is not given back would be 24 bytes, 64 times a step.
    EXPECT_LT(PeakOf(name, 1000) - PeakOf(name, 10), 1 << 20) << name;
  }
}

}  // namespace
}  // namespace sim
