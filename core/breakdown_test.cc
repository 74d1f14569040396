#include "core/breakdown.h"

#include <cmath>
#include <random>
#include <set>
#include <string>

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
  EXPECT_EQ(breakdown.hidden, Duration(1));
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
    EXPECT_EQ(breakdown.hidden.count(), communication - exposed);
  }
}

// Readers of files refuse negative times, even one of -1e-17.
TEST(ComputeBreakdown, RoundingMakesNoFigureNegative) {
  std::mt19937 random(1);
  for (int step = 0; step < 300; ++step) {
    SCOPED_TRACE(step);
    std::vector<Span> spans;
    double now = 0;
    for (int i = 0; i < 10; ++i) {  // All communication is hidden, but added up in other parts.
      const double end = now + random() * 1e-10;
      spans.push_back(At(SpanKind::kAllReduce, now, end));
      spans.push_back(At(SpanKind::kBackward, now, end + random() * 1e-10));
      now = spans.back().end.count() + 0.01;
    }
    const Breakdown breakdown = ComputeBreakdown(spans, Duration(now));
    for (const StepFigure& figure : kStepFigures) {
      EXPECT_FALSE((breakdown.*figure.member).count() < 0) << figure.name;
    }
  }
}

// A member without a row is noticed by the size of them all.
TEST(StepFigures, NameEveryMemberOnce) {
  EXPECT_EQ(sizeof(Breakdown), std::size(kStepFigures) * sizeof(Duration) + sizeof(int64_t));
  Breakdown breakdown;
  std::set<std::string> names, keys;
  for (const StepFigure& figure : kStepFigures) {
    names.insert(figure.name);
    keys.insert(figure.key());
    breakdown.*figure.member = Duration(static_cast<double>(names.size()));
  }
  double expected = 0;
  for (const StepFigure& figure : kStepFigures) {
    EXPECT_EQ((breakdown.*figure.member).count(), ++expected) << figure.name;
  }
  EXPECT_EQ(names.size(), std::size(kStepFigures));
  EXPECT_EQ(keys.size(), std::size(kStepFigures));
}

TEST(MeanOfBreakdowns, IsThatOfEveryFigure) {
  const std::vector<Breakdown> steps = {{.total = Duration(1), .push = Duration(3), .bytes = 10},
                                        {.total = Duration(2), .push = Duration(0), .bytes = 20}};
  const Breakdown mean = Mean(steps);
  EXPECT_EQ(mean.total, Duration(1.5));
  EXPECT_EQ(mean.push, Duration(1.5));
  EXPECT_EQ(mean.load, Duration(0));
  EXPECT_EQ(mean.bytes, 15);
  EXPECT_TRUE(std::isnan(mean.waiting.count()));  // Nobody compared ranks.
  EXPECT_EQ(Mean({}).total, Duration(0));
}

}  // namespace
}  // namespace core
