#include "backends/membership/report.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Report Make(Reason reason, std::vector<int> blamed, const std::string& text = "") {
  Report report;
  report.reason = reason;
  for (int rank : blamed) report.Blame(rank);
  report.SetText(text);
  return report;
}

TEST(ReportTest, TheRankThatSaysNothingIsToBlame) {
  // 0 waits for 1, 1 for 2, and 2 is gone; 3 was told.
  const std::vector<Report> reports = {Make(Reason::kLost, {1}), Make(Reason::kLost, {2}, "closed"),
                                       Report(), Make(Reason::kBusy, {})};
  EXPECT_EQ(Verdict(reports, seconds(1)), "rank 2 is gone (closed): see what it said last");
}

TEST(ReportTest, ARankThatStoppedIsFoundBehindRanksThatWaitForEachOther) {
  const std::vector<Report> reports = {Make(Reason::kTimedOut, {1, 3}),
                                       Make(Reason::kWaiting, {0, 3}), Make(Reason::kBusy, {}),
                                       Report()};
  EXPECT_THAT(Verdict(reports, seconds(300)), StartsWith("rank 3 has not answered for 300 s"));
}

TEST(ReportTest, ARankThatWaitsForNobodyHoldsUpTheOthers) {
  const std::vector<Report> reports = {Make(Reason::kBusy, {}), Make(Reason::kTimedOut, {2}),
                                       Make(Reason::kWaiting, {0})};
  EXPECT_THAT(Verdict(reports, seconds(1)), StartsWith("rank 0 takes no part"));
}

TEST(ReportTest, RanksThatWaitForEachOtherAreNamed) {
  const std::vector<Report> reports = {Make(Reason::kBusy, {}), Make(Reason::kTimedOut, {2}),
                                       Make(Reason::kTimedOut, {1})};
  EXPECT_EQ(Verdict(reports, seconds(1)), "ranks 1, 2 wait for each other");
}

TEST(ReportTest, ADisagreementExplainsEverythingElse) {
  const std::vector<Report> reports = {Make(Reason::kLost, {1}, "closed"), Report(),
                                       Make(Reason::kDisagreement, {}, "rank 1 sends 4 bytes")};
  EXPECT_EQ(Verdict(reports, seconds(1)), "rank 1 sends 4 bytes");
}

TEST(ReportTest, LongTextsAndManyRanksAreCutShort) {
  Report report = Make(Reason::kDisagreement, {}, std::string(1000, 'x'));
  EXPECT_EQ(std::string(report.text), std::string(sizeof(report.text) - 1, 'x'));
  for (int rank = 0; rank < 100; ++rank) report.Blame(rank % 50);
  EXPECT_EQ(report.blamed_count, Report::kBlamedMax);
}

}  // namespace
}  // namespace backends
