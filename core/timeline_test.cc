#include "core/timeline.h"

#include "gtest/gtest.h"

namespace core {
namespace {

Span At(SpanKind kind, double start, double end) { return {kind, Duration(start), Duration(end)}; }

class ManualClock : public Clock {
 public:
  Duration Now() const override { return now; }
  Duration now{};
};

TEST(Timeline, GivesEachStepWhatWasRecordedInIt) {
  ManualClock clock;
  Timeline timeline(clock, true);
  timeline.Record(At(SpanKind::kBroadcast, 0, 1));
  clock.now = Duration(1);
  timeline.BeginSteps();
  timeline.Record(At(SpanKind::kForward, 1, 2));
  clock.now = Duration(3);
  timeline.EndStep();
  timeline.Record(At(SpanKind::kForward, 3, 7));
  clock.now = Duration(8);
  timeline.EndStep();

  const std::vector<Breakdown> steps = timeline.TakeSteps();
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].total, Duration(2));
  EXPECT_EQ(steps[0].communication, Duration(0));
  EXPECT_EQ(steps[1].total, Duration(5));
  EXPECT_EQ(steps[1].computation, Duration(4));
  ASSERT_EQ(timeline.trace().size(), 3u);
  EXPECT_EQ(timeline.trace()[0].step, -1);
  EXPECT_EQ(timeline.trace()[2].step, 1);
  EXPECT_TRUE(timeline.TakeSteps().empty());
}

}  // namespace
}  // namespace core
