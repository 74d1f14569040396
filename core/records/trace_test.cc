#include "core/records/trace.h"

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace core {
namespace {

class StoppedClock : public Clock {
 public:
  Duration Now() const override { return Duration(0); }
};

TEST(Trace, IsJsonWithEverySpanOfEveryRankAndNoOverlapOnATrack) {
  StoppedClock clock;
  Timeline timeline(clock, true);
  timeline.BeginSteps();
  timeline.Record({SpanKind::kAllReduce, Duration(1), Duration(3), 100});
  timeline.Record({SpanKind::kAllReduce, Duration(2), Duration(4), 200});
  timeline.Record({SpanKind::kBackward, Duration(0), Duration(5)});
  timeline.Record({SpanKind::kAllReduce, Duration(4), Duration(6), 300});
  timeline.EndStep();

  const auto trace = nlohmann::json::parse(TraceFile(
      {TraceEvents(0, "rank 0 \"quoted\"", timeline), TraceEvents(1, "rank 1", timeline)}));

  std::map<std::pair<int, int>, double> end_of_track;
  int64_t bytes = 0;
  int spans = 0;
  for (const auto& event : trace.at("traceEvents")) {
    if (event.at("ph") != "X") continue;
    ++spans;
    bytes += event.at("args").at("bytes").get<int64_t>();
    EXPECT_EQ(event.at("args").at("step"), 0);
    double& end = end_of_track[{event.at("pid"), event.at("tid")}];
    EXPECT_GE(event.at("ts").get<double>(), end);
    end = event.at("ts").get<double>() + event.at("dur").get<double>();
  }
  EXPECT_EQ(spans, 8);
  EXPECT_EQ(bytes, 1200);
  EXPECT_EQ(end_of_track.size(), 6u);
}

}  // namespace
}  // namespace core
