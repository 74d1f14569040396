#include "backends/replay/replay_replica.h"

#include <memory>
#include <vector>

#include "backends/steady_clock.h"
#include "core/task.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

core::Profile TwoGradients() {
  return {.batch_size = 1,
          .parameters = 5,
          .forward = 0.02,
          .pass = 0.06,
          .gradients = {{.parameter = 1, .elements = 3, .ready = 0.03},
                        {.parameter = 0, .elements = 2, .ready = 0.05}}};
}

struct Pass {
  std::vector<int> parameters;
  std::vector<double> times;  // Seconds after the start; the last one is that of the end.
};

core::Task RunPass(core::Replica& replica, core::Timeline& timeline, Pass& pass) {
  const core::Duration start = timeline.Now();
  core::Gradients& gradients = replica.Backward();
  while (std::optional<core::Gradient> gradient = co_await gradients.Next()) {
    pass.parameters.push_back(gradient->parameter);
    pass.times.push_back((timeline.Now() - start).count());
  }
  pass.times.push_back((timeline.Now() - start).count());
}

TEST(ReplayReplica, GradientsComeInTheProfilesOrderAndNoEarlier) {
  const core::Profile profile = TwoGradients();
  const SteadyClock clock;
  core::Timeline timeline(clock, true);
  ReplayReplica replica(profile, timeline);
  for (int i = 0; i < 2; ++i) {
    Pass pass;
    core::RunToEnd(RunPass(replica, timeline, pass));
    EXPECT_EQ(pass.parameters, (std::vector<int>{1, 0}));
    EXPECT_GE(pass.times[0], 0.03);
    EXPECT_GE(pass.times[1], 0.05);
    EXPECT_GE(pass.times[2], 0.06);
  }
  ASSERT_EQ(timeline.trace().size(), 0u);  // Until a step ends.
}

TEST(ReplayReplica, SpansCoverThePass) {
  const core::Profile profile = TwoGradients();
  const SteadyClock clock;
  core::Timeline timeline(clock, false);
  ReplayReplica replica(profile, timeline);
  timeline.BeginSteps();
  Pass pass;
  core::RunToEnd(RunPass(replica, timeline, pass));
  timeline.EndStep();
  const core::Breakdown step = timeline.TakeSteps().at(0);
  EXPECT_GE(step.computation.count(), 0.06);
  EXPECT_LE(step.computation.count(), step.total.count());
  EXPECT_EQ(step.communication.count(), 0);
}

TEST(ReplayReplica, ArithmeticIsReal) {
  const core::Profile profile = TwoGradients();
  const SteadyClock clock;
  core::Timeline timeline(clock, false);
  ReplayReplica replica(profile, timeline);
  const std::vector<core::Extent> extents(replica.extents().begin(), replica.extents().end());
  ASSERT_EQ(extents.size(), 2u);
  EXPECT_EQ(extents[1].offset, 2);
  EXPECT_EQ(extents[1].count, 3);

  core::Buffer addend = replica.Allocate(3);
  const core::Buffer gradients = replica.gradients().Slice(2, 3);
  float* const sum = static_cast<float*>(gradients.data);
  for (int i = 0; i < 3; ++i) {
    static_cast<float*>(addend.data)[i] = 1.0f;
    sum[i] = static_cast<float>(i);
  }
  core::Work accumulated = replica.Accumulate(addend, gradients);
  EXPECT_EQ(std::vector<float>(sum, sum + 3), (std::vector<float>{1, 2, 3}));
  // SGD with momentum 0.9 and learning rate 0.1: the second update moves by 0.1 (1 + 0.9) g / 2.
  for (int i = 0; i < 2; ++i) core::Work updated = replica.Update(gradients, 0.5f);
  const float* const parameters = static_cast<const float*>(replica.parameters().data);
  EXPECT_EQ(parameters[0], 0);
  EXPECT_EQ(parameters[1], 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(parameters[2 + i], -0.1 * (1 + 1.9) * 0.5 * (i + 1), 1e-6);
  }
}

}  // namespace
}  // namespace backends
