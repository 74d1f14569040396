#include "experiments/profiling/profile_measurement.h"

#include <vector>

#include "core/records/profile.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

TEST(ProfileOf, TakesMediansAndOrdersGradientsByThem) {
  const std::vector<StepTimes> steps = {
      {.forward = 1, .pass = 4, .ready = {3.9, 3, 2}, .update = 0.5, .accumulate = 0.1},
      {.forward = 1.2, .pass = 9, .ready = {8, 7, 7.5}, .update = 0.4, .accumulate = 0.2},
      {.forward = 1.1, .pass = 4.5, .ready = {4.1, 3.5, 2.5}, .update = 0.6, .accumulate = 0.1}};
  const std::vector<core::Extent> extents = {{0, 10}, {10, 20}, {30, 30}};
  core::Profile profile = ProfileOf(steps, extents);
  EXPECT_EQ(profile.parameters, 60);
  EXPECT_DOUBLE_EQ(profile.forward, 1.1);
  EXPECT_DOUBLE_EQ(profile.pass, 4.5);
  EXPECT_DOUBLE_EQ(profile.update, 0.5);
  EXPECT_DOUBLE_EQ(profile.accumulate_bytes_per_second, 4 * 60 / 0.1);
  ASSERT_EQ(profile.gradients.size(), 3u);
  EXPECT_EQ(profile.gradients[0].parameter, 2);
  EXPECT_DOUBLE_EQ(profile.gradients[0].ready, 2.5);
  EXPECT_EQ(profile.gradients[0].elements, 30);
  EXPECT_EQ(profile.gradients[2].parameter, 0);
  EXPECT_DOUBLE_EQ(profile.gradients[2].ready, 4.1);
  // Quartiles lie halfway between the values.
  EXPECT_DOUBLE_EQ(profile.gradients[2].spread, 6.05 - 4.0);
  EXPECT_DOUBLE_EQ(profile.pass_spread, 6.75 - 4.25);

  // The simulator takes it.
  profile.model = profile.hardware = profile.source = "paper";
  profile.batch_size = 1;
  const std::string path = ::testing::TempDir() + "/profile.json";
  ASSERT_TRUE(core::WriteProfile(profile, path).ok());
  EXPECT_EQ(core::ReadProfile(path).gradients.size(), 3u);
}

// A replica whose arithmetic takes time on a clock that only it moves.
class PacedReplica : public core::Replica, private core::Gradients, public core::Clock {
 public:
  explicit PacedReplica() : timeline_(*this, /*tracing=*/true) {}
  core::Duration Now() const override { return core::Duration(now_); }
  core::Timeline& timeline() { return timeline_; }

  core::Gradients& Backward() override {
    Compute(core::SpanKind::kForward, 1);
    next_ = 1;
    return *this;
  }
  core::Work Accumulate(core::Buffer, core::Buffer) override {
    Compute(core::SpanKind::kAccumulate, 0.25);
    return core::Done();
  }
  core::Work Update(core::Buffer, float) override {
    Compute(core::SpanKind::kUpdate, 0.5);
    return core::Done();
  }
  core::Buffer parameters() override { return Allocate(20); }
  core::Buffer gradients() override { return Allocate(20); }
  std::span<const core::Extent> extents() const override { return extents_; }
  core::Buffer Allocate(int64_t count) override {
    return {nullptr, count, core::DataType::kFloat32};
  }

 private:
  bool Await(std::coroutine_handle<>) override {
    Compute(core::SpanKind::kBackward, 2);
    return false;
  }
  std::optional<core::Gradient> Take() override {
    if (next_ < 0) return std::nullopt;
    return core::Gradient{next_--};
  }
  void Compute(core::SpanKind kind, double seconds) {
    timeline_.Record({kind, core::Duration(now_), core::Duration(now_ + seconds)});
    now_ += seconds;
  }

  const std::vector<core::Extent> extents_ = {{0, 5}, {5, 15}};
  core::Timeline timeline_;
  double now_ = 0;
  int next_ = 0;
};

TEST(MeasureSteps, SaysWhenEachGradientIsReady) {
  PacedReplica replica;
  int calls = 0;
  const std::vector<StepTimes> steps =
      MeasureSteps(replica, replica.timeline(), ByClock(replica.timeline()), 2, 3,
                   [&](int done) { calls = done; });
  EXPECT_EQ(calls, 5);
  ASSERT_EQ(steps.size(), 3u);
  for (const StepTimes& step : steps) {
    EXPECT_DOUBLE_EQ(step.forward, 1);
    EXPECT_EQ(step.ready, (std::vector<double>{5, 3}));
    EXPECT_DOUBLE_EQ(step.pass, 7);
    EXPECT_DOUBLE_EQ(step.update, 0.5);
    EXPECT_DOUBLE_EQ(step.accumulate, 0.25);
  }
}

}  // namespace
}  // namespace experiments
