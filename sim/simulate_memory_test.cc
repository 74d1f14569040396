// In processes of their own, as what one simulation has freed another one may use.
#include <cstdint>
#include <string>

#include "core/base/error.h"
#include "core/base/process.h"
#include "core/strategies/strategies.h"
#include "gtest/gtest.h"
#include "sim/simulate.h"
#include "sim/testing/simulations.h"

namespace sim {
namespace {

// Bytes that a process which only simulates has needed at most.
int64_t PeakOf(const std::string& strategy, int steps) {
  core::Process child = core::ValueOrThrow(core::Process::Fork([&] {
    Simulate(testing::Disturbed(1), testing::EvenProfile(1), testing::Named(strategy),
             {.world_size = 65, .steps = steps, .recorded_ranks_max = 1});
    return 0;
  }));
  EXPECT_EQ(child.Wait().code, 0);
  return child.Wait().peak_memory_bytes;
}

TEST(SimulateMemoryTest, MemoryDoesNotGrowWithSteps) {
  for (const std::string& name : core::StrategyNames()) {
    // A completion that is not given back would be 24 bytes, 64 times a step.
    EXPECT_LT(PeakOf(name, 1000) - PeakOf(name, 10), 1 << 20) << name;
  }
}

}  // namespace
}  // namespace sim
