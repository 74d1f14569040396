#include "backends/membership/report.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

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

TEST(ReportTest, ARankThatGivesUpAndBlamesNobodySaysWhy) {
  const std::vector<Report> reports = {Make(Reason::kTimedOut, {}, "rank 1 did not come"),
                                       Report()};
  EXPECT_EQ(Verdict(reports, seconds(1)), "rank 0 gave up: rank 1 did not come");
}

TEST(ReportTest, ADisagreementExplainsEverythingElse) {
  const std::vector<Report> reports = {Make(Reason::kLost, {1}, "closed"), Report(),
                                       Make(Reason::kDisagreement, {}, "rank 1 sends 4 bytes")};
  EXPECT_EQ(Verdict(reports, seconds(1)), "rank 1 sends 4 bytes");
}

TEST(ReportTest, AFailureOfItsOwnExplainsWhatOthersLost) {
  const std::vector<Report> reports = {Make(Reason::kLost, {1}, "closed"),
                                       Make(Reason::kFailed, {}, "no memory"), Report()};
  EXPECT_EQ(Verdict(reports, seconds(1)), "rank 1 failed: no memory");
}

TEST(ReportTest, OfFailuresTheFirstCounts) {
  std::vector<Report> reports = {Make(Reason::kFailed, {}, "second"),
                                 Make(Reason::kFailed, {}, "first")};
  reports[0].place = 7;
  reports[1].place = 3;
  EXPECT_EQ(Verdict(reports, seconds(1)), "rank 1 failed: first");
}

TEST(ReportTest, WhoLostEverybodyBlamesTheOneThatIsSilentRatherThanOneThatLeft) {
  const std::vector<Report> reports = {Make(Reason::kLeft, {}),
                                       Make(Reason::kLost, {Report::kAllOthers}, "remote error"),
                                       Make(Reason::kBusy, {}), Report()};
  EXPECT_THAT(Verdict(reports, seconds(1)), StartsWith("rank 3 is gone (remote error)"));
}

TEST(ReportTest, ARankThatLeftAndIsStillNeededIsToBlame) {
  const std::vector<Report> reports = {Make(Reason::kLost, {1}, "it left"),
                                       Make(Reason::kLeft, {})};
  EXPECT_THAT(Verdict(reports, seconds(1)), StartsWith("rank 1 is gone (it left)"));
}

// Laws, on random reports.

using Random = std::mt19937;

int Below(Random& random, int limit) {
  return std::uniform_int_distribution<int>(0, limit - 1)(random);
}

std::vector<Report> RandomReports(Random& random) {
  std::vector<Report> reports(2 + Below(random, 7));
  const int size = static_cast<int>(reports.size());
  for (int rank = 0; rank < size; ++rank) {
    const Reason reasons[] = {Reason::kNone,    Reason::kNone,     Reason::kLeft, Reason::kBusy,
                              Reason::kWaiting, Reason::kTimedOut, Reason::kLost};
    reports[rank].reason = reasons[Below(random, 7)];
    reports[rank].rank = rank;
    if (reports[rank].reason <= Reason::kBusy) continue;
    if (Below(random, 8) == 0) reports[rank].Blame(Report::kAllOthers);
    for (int i = Below(random, 3); i >= 0; --i) {
      const int blamed = Below(random, size);
      if (blamed != rank) reports[rank].Blame(blamed);
    }
  }
  Report& first = reports[Below(random, size)];
  if (first.blamed_count == 0) first.Blame((first.rank + 1) % size);
  if (first.reason <= Reason::kWaiting) first.reason = Reason::kTimedOut;
  return reports;
}

// Whether one leads to the other by "waits for". Slow and obvious.
bool Leads(const std::vector<Report>& reports, int from, int to, std::set<int> visited = {}) {
  if (from == to) return true;
  if (!visited.insert(from).second) return false;
  const int size = static_cast<int>(reports.size());
  for (int i = 0; i < reports[from].blamed_count; ++i) {
    for (int next = 0; next < size; ++next) {
      const int blamed = reports[from].blamed[i];
      if (blamed != next && blamed != Report::kAllOthers) continue;
      if (Leads(reports, next, to, visited)) return true;
    }
  }
  return false;
}

TEST(ReportTest, TheVerdictNamesASilentRankThatIsWaitedForWheneverThereIsOne) {
  for (unsigned seed = 0; seed < 20'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::vector<Report> reports = RandomReports(random);
    const int size = static_cast<int>(reports.size());
    int first = 0;
    for (int rank = 1; rank < size; ++rank) {
      if (reports[rank].reason > reports[first].reason) first = rank;
    }
    std::set<int> silent, left;
    for (int rank = 0; rank < size; ++rank) {
      if (!Leads(reports, first, rank)) continue;
      if (reports[rank].reason == Reason::kNone) silent.insert(rank);
      if (reports[rank].reason == Reason::kLeft) left.insert(rank);
    }
    const std::set<int>& guilty = silent.empty() ? left : silent;

    const std::string verdict = Verdict(reports, seconds(1));

    int named = -1;
    const bool blames = std::sscanf(verdict.c_str(), "rank %d", &named) == 1 &&
                        (verdict.find(" is gone (") != std::string::npos ||
                         verdict.find(" has not answered for ") != std::string::npos);
    ASSERT_EQ(blames, !guilty.empty()) << verdict;
    ASSERT_TRUE(!blames || guilty.contains(named)) << verdict;
  }
}

TEST(ReportTest, NumbersOfRanksDoNotDecideWhoIsToBlame) {
  for (unsigned seed = 0; seed < 20'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<Report> reports = RandomReports(random);
    // One silent rank, and an order of reports: then nothing else is left to decide.
    const int size = static_cast<int>(reports.size());
    const int silent = Below(random, size);
    for (int rank = 0; rank < size; ++rank) {
      Report& report = reports[rank];
      report.place = rank;
      if (rank == silent) report = Report{.rank = rank};
      if (rank != silent && report.reason <= Reason::kLeft) report.reason = Reason::kBusy;
    }
    const int accuser = (silent + 1) % size;
    reports[accuser].reason = Reason::kLost;
    reports[accuser].place = -1;
    reports[accuser].Blame(silent);
    std::vector<int> number(size);
    std::iota(number.begin(), number.end(), 0);
    std::shuffle(number.begin(), number.end(), random);
    std::vector<Report> renumbered(size);
    for (int rank = 0; rank < size; ++rank) {
      Report report = reports[rank];
      report.rank = number[rank];
      for (int i = 0; i < report.blamed_count; ++i) {
        if (report.blamed[i] >= 0) report.blamed[i] = number[report.blamed[i]];
      }
      renumbered[number[rank]] = report;
    }
    EXPECT_THAT(Verdict(reports, seconds(1)),
                StartsWith("rank " + std::to_string(silent) + " is gone"));
    EXPECT_THAT(Verdict(renumbered, seconds(1)),
                StartsWith("rank " + std::to_string(number[silent]) + " is gone"));
  }
}

TEST(ReportTest, WhateverBytesOthersSendNobodyIsBlamedWhoIsNotThere) {
  int valid = 0;
  for (unsigned seed = 0; seed < 20'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<Report> reports = RandomReports(random);
    const int size = static_cast<int>(reports.size());
    for (int rank = 1; rank < size; ++rank) {
      Report& report = reports[rank];
      char* const bytes = reinterpret_cast<char*>(&report);
      // A number is anything, or just beside what it may be.
      for (int i = 3 * Below(random, 3); i > 0; --i) {
        const int numbers = static_cast<int>(offsetof(Report, text) / sizeof(int32_t));
        const int32_t number =
            Below(random, 2) == 0 ? static_cast<int32_t>(random()) : Below(random, 13) - 2;
        const int place = Below(random, 2) == 0 ? Below(random, 6) : Below(random, numbers);
        std::memcpy(bytes + place * sizeof(number), &number, sizeof(number));
      }
      if (Below(random, 8) == 0) std::fill(std::begin(report.text), std::end(report.text), 'x');
      if (!report.IsValid(size)) report = Report{.rank = rank};
      valid += report.reason != Reason::kNone;
    }
    reports[0] = Make(Reason::kTimedOut, {1});
    const std::string verdict = Verdict(reports, seconds(1));
    int named = 0;
    if (std::sscanf(verdict.c_str(), "rank %d", &named) == 1) {
      ASSERT_GE(named, 0) << verdict;
      ASSERT_LT(named, size) << verdict;
    }
  }
  EXPECT_GT(valid, 10'000);
}

TEST(ReportTest, AReportIsValidUpToTheLimitsOfEachNumber) {
  const Report good = Make(Reason::kLost, {0, 3, Report::kAllOthers}, "closed");
  EXPECT_TRUE(good.IsValid(4));
  EXPECT_FALSE(good.IsValid(3));
  const auto is_valid_with = [&](auto change) {
    Report report = good;
    change(report);
    return report.IsValid(4);
  };
  EXPECT_FALSE(is_valid_with([](Report& report) { report.reason = Reason::kNone; }));
  EXPECT_FALSE(is_valid_with([](Report& report) { report.reason = static_cast<Reason>(8); }));
  EXPECT_FALSE(is_valid_with([](Report& report) { report.reason = static_cast<Reason>(-1); }));
  EXPECT_FALSE(is_valid_with([](Report& report) { report.rank = 4; }));
  EXPECT_FALSE(is_valid_with([](Report& report) { report.rank = -1; }));
  EXPECT_FALSE(is_valid_with([](Report& report) { report.blamed_count = -1; }));
  EXPECT_FALSE(is_valid_with([](Report& report) { report.blamed_count = Report::kBlamedMax + 1; }));
  EXPECT_FALSE(is_valid_with([](Report& report) { report.blamed[1] = 4; }));
  EXPECT_FALSE(is_valid_with([](Report& report) { report.blamed[1] = -2; }));
  EXPECT_FALSE(is_valid_with([](Report& report) { std::ranges::fill(report.text, 'x'); }));
  EXPECT_TRUE(is_valid_with([](Report& report) { report.blamed[3] = 4; }));
}

TEST(ReportTest, LongTextsAndManyRanksAreCutShort) {
  Report report = Make(Reason::kDisagreement, {}, std::string(1000, 'x'));
  EXPECT_EQ(std::string(report.text), std::string(sizeof(report.text) - 1, 'x'));
  for (int rank = 0; rank < 100; ++rank) report.Blame(rank % 50);
  EXPECT_EQ(report.blamed_count, Report::kBlamedMax);
}

}  // namespace
}  // namespace backends
