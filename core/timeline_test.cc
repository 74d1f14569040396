#include "core/timeline.h"

#include <random>

#include "gtest/gtest.h"

namespace core {
namespace {

Span At(SpanKind kind, double start, double end, int64_t bytes = 0) {
  return {kind, Duration(start), Duration(end), bytes};
}

TEST(ComputeBreakdown, CountsWhatHappensAtTheSameTimeOnce) {
  const Breakdown breakdown =
      ComputeBreakdown({At(SpanKind::kAllReduce, 2, 5, 10), At(SpanKind::kAllReduce, 4, 8, 20),
                        At(SpanKind::kForward, 0, 1), At(SpanKind::kBackward, 1, 3)},
                       Duration(10));
  EXPECT_EQ(breakdown.total, Duration(10));
  EXPECT_EQ(breakdown.computation, Duration(3));
  EXPECT_EQ(breakdown.communication, Duration(6));
  EXPECT_EQ(breakdown.exposed, Duration(5));
  EXPECT_EQ(breakdown.hidden(), Duration(1));
  EXPECT_EQ(breakdown.bytes, 30);
}

TEST(ComputeBreakdown, LoadingHidesNoCommunication) {
  const Breakdown breakdown = ComputeBreakdown(
      {At(SpanKind::kPull, 0, 2), At(SpanKind::kLoad, 0, 2), At(SpanKind::kPush, 3, 4)},
      Duration(4));
  EXPECT_EQ(breakdown.load, Duration(2));
  EXPECT_EQ(breakdown.exposed, Duration(3));
  EXPECT_EQ(breakdown.pull, Duration(2));
  EXPECT_EQ(breakdown.push, Duration(1));
}

// The same figures by asking for each of many instants what goes on then.
TEST(ComputeBreakdown, AgreesWithCountingInstantsInRandomSteps) {
  for (int seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::vector<Span> spans;
    for (int i = random() % 20; i > 0; --i) {
      const double start = random() % 50;
      spans.push_back(At(static_cast<SpanKind>(random() % 12), start, start + random() % 20));
    }
    double computation = 0, communication = 0, exposed = 0;
    for (double instant = 0.5; instant < 100; ++instant) {
      bool computes = false, communicates = false;
      for (const Span& span : spans) {
        if (span.start.count() > instant || span.end.count() < instant) continue;
        computes |= IsComputation(span.kind);
        communicates |= IsCommunication(span.kind);
      }
      computation += computes;
      communication += communicates;
      exposed += communicates && !computes;
    }
    const Breakdown breakdown = ComputeBreakdown(spans, Duration(100));
    EXPECT_EQ(breakdown.computation.count(), computation);
    EXPECT_EQ(breakdown.communication.count(), communication);
    EXPECT_EQ(breakdown.exposed.count(), exposed);
  }
}

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
