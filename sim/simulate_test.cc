#include "sim/simulate.h"

#include <cmath>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/strategies/strategies.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/testing/simulations.h"

namespace sim {
namespace {

using testing::Disturbed;
using testing::EvenProfile;
using ::testing::HasSubstr;
using testing::kBandwidth;
using testing::kBytes;
using testing::kLatency;
using testing::kPass;
using testing::kUpdate;
using testing::Named;
using testing::Star;

constexpr double kDigits = 1e-9;  // Relative.

void ExpectEqual(double actual, double expected) {
  EXPECT_NEAR(actual, expected, kDigits * expected);
}

TEST(SimulateTest, AParameterServersStepTakesItsClosedForm) {
  for (int workers : {1, 4, 100}) {
    const Simulation result = Simulate(Star(), EvenProfile(1), Named("parameter_server"),
                                       {.world_size = workers + 1, .steps = 5});
    ExpectEqual(result.step_seconds,
                2 * (kLatency + workers * kBytes / kBandwidth) + kPass + kUpdate);
    EXPECT_EQ(result.roles.workers, workers);
    EXPECT_EQ(result.roles.servers, 1);
    EXPECT_EQ(result.messages, 10u * static_cast<uint64_t>(workers));
  }
}

TEST(SimulateTest, AServerThatAddsSlowlyIsTheBottleneck) {
  constexpr int kWorkers = 8;
  Cluster cluster = Star();
  cluster.accumulate_bytes_per_second = 0.5e9;
  const Simulation result = Simulate(cluster, EvenProfile(1), Named("parameter_server"),
                                     {.world_size = kWorkers + 1, .steps = 2});
  // All gradients are there at the same time; the first needs no adding.
  ExpectEqual(result.step_seconds, 2 * (kLatency + kWorkers * kBytes / kBandwidth) + kPass +
                                       (kWorkers - 1) * kBytes / 0.5e9 + kUpdate);
}

TEST(SimulateTest, AnAllReduceAfterBackwardTakesItsClosedForm) {
  for (CollectiveMode mode : {CollectiveMode::kMessages, CollectiveMode::kFormula}) {
    for (int n : {2, 8, 16}) {
      const Simulation result =
          Simulate(Star(), EvenProfile(4), Named("all_reduce"),
                   {.world_size = n,
                    .steps = 3,
                    .collectives = mode,
                    .all_reduce = {.algorithm = core::AllReduceAlgorithm::kRing}});
      ExpectEqual(result.step_seconds,
                  kPass + 4 * 2 * (n - 1) * (kLatency + kBytes / (4 * n * kBandwidth)) + kUpdate);
    }
  }
}

TEST(SimulateTest, DdpHidesCommunicationBehindBackward) {
  Cluster fast = Star();
  fast.nic.bytes_per_second = 12.5e9;
  const SimulationOptions options{.world_size = 8, .steps = 3};
  const Simulation ddp = Simulate(fast, EvenProfile(100), Named("ddp"), options);
  const Simulation after = Simulate(fast, EvenProfile(100), Named("all_reduce"), options);
  EXPECT_LT(ddp.step_seconds, after.step_seconds);
  const core::Breakdown& step = ddp.worker_steps.back();
  EXPECT_GT(step.hidden.count(), 0.5 * step.communication.count());
  ExpectEqual(step.computation.count(), kPass + kUpdate);
  ExpectEqual(step.total.count(), ddp.step_seconds);
  EXPECT_EQ(after.worker_steps.back().hidden.count(), 0);
}

TEST(SimulateTest, StepsAreNeverFasterThanTheirParts) {
  for (const std::string& name : core::StrategyNames()) {
    const Simulation result =
        Simulate(Star(), EvenProfile(10), Named(name), {.world_size = 5, .steps = 3});
    EXPECT_GE(result.step_seconds, (kPass + kUpdate) * (1 - kDigits)) << name;
    EXPECT_GE(result.step_seconds, kBytes / kBandwidth) << name;
    ASSERT_FALSE(result.busiest.empty());
    EXPECT_LE(result.busiest[0].utilization, 1 + kDigits) << name;
  }
}

TEST(SimulateTest, StepsCostTheSameHoweverManyThereAre) {
  for (const std::string& name : core::StrategyNames()) {
    for (CollectiveMode mode : {CollectiveMode::kMessages, CollectiveMode::kFormula}) {
      const auto events = [&](int steps) {
        const Simulation result = Simulate(Star(), EvenProfile(10), Named(name),
                                           {.world_size = 9, .steps = steps, .collectives = mode});
        return static_cast<int64_t>(result.events);
      };
      const int64_t four = events(4);
      EXPECT_EQ(events(104) - four, 100 * (events(5) - four)) << name;
    }
  }
}

TEST(SimulateTest, NamesTheBusiestLink) {
  const Simulation result =
      Simulate(Star(), EvenProfile(1), Named("parameter_server"), {.world_size = 17, .steps = 2});
  EXPECT_THAT(result.busiest[0].name, HasSubstr("host 0's"));
  ExpectEqual(result.busiest[0].utilization, 16 * kBytes / kBandwidth / result.step_seconds);
}

TEST(SimulateTest, TheSameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  const SimulationOptions options{.world_size = 16, .steps = 4};
  for (const std::string& name : core::StrategyNames()) {
    const auto run = [&](uint64_t seed) {
      return Simulate(Disturbed(seed), EvenProfile(10), Named(name), options);
    };
    const Simulation first = run(1);
    const Simulation again = run(1);
    EXPECT_EQ(first.end, again.end);
    EXPECT_EQ(first.events, again.events);
    EXPECT_EQ(first.worker_steps[2].exposed, again.worker_steps[2].exposed);
    EXPECT_NE(first.end, run(2).end);
    EXPECT_GT(first.step_seconds,
              Simulate(Star(), EvenProfile(10), Named(name), options).step_seconds);
  }
}

TEST(SimulateTest, TracesEveryRecordedRank) {
  const Simulation result = Simulate(Star(), EvenProfile(2), Named("parameter_server"),
                                     {.world_size = 3, .steps = 2, .trace = true});
  ASSERT_EQ(result.traces.size(), 3u);
  EXPECT_EQ(result.traces[1].rank, 1);
  // Pull, forward, backward, push; in two steps.
  EXPECT_EQ(result.traces[1].spans.size(), 8u);
}

// Rank 1 and 2 wait for a message that rank 0 never sends.
class Silent : public core::Strategy {
 public:
  core::Task Start(core::Worker&) override { co_return; }
  core::Task Step(core::Worker& worker) override {
    if (worker.communicator.rank() == 0) co_return;
    core::Work pull =
        worker.communicator.Receive(worker.replica.parameters(), 0, core::SpanKind::kPull);
    co_await pull;
  }
  core::Task Synchronize(core::Worker&) override { co_return; }
};

// Rank 0 leaves the others in a collective.
class Absent : public Silent {
 public:
  core::Task Step(core::Worker& worker) override {
    if (worker.communicator.rank() == 0) co_return;
    core::Work sum = worker.communicator.AllReduce(worker.replica.gradients());
    co_await sum;
  }
};

template <class Waiting>
std::string ErrorOf(CollectiveMode mode) {
  try {
    Simulate(Star(), EvenProfile(1), [](int) { return std::make_unique<Waiting>(); },
             {.world_size = 3, .steps = 2, .collectives = mode});
  } catch (const core::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(SimulateTest, SaysWhoWaitsForEver) {
  EXPECT_EQ(ErrorOf<Silent>(CollectiveMode::kMessages),
            "the simulation stopped at 0.000000 s with 2 of 3 ranks waiting for ever: rank 1 (step "
            "0) receives (pull) 96000000 bytes from rank 0 and 1 more likewise");
  EXPECT_EQ(ErrorOf<Absent>(CollectiveMode::kFormula),
            "the simulation stopped at 0.000000 s with 2 of 3 ranks waiting for ever: rank 1 (step "
            "0) is in all-reduce of 96000000 bytes without rank 0 and 1 more likewise");
  EXPECT_THAT(ErrorOf<Absent>(CollectiveMode::kMessages),
              HasSubstr("rank 1 (step 0) receives (all-reduce)"));
}

}  // namespace
}  // namespace sim
