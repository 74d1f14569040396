#include "experiments/benchmarks/benchmark_run.h"

#include <cmath>

#include "core/base/statistics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::HasSubstr;
using ::testing::Optional;

const BenchmarkCase kCase{.name = "ddp, 2 ranks", .strategy = "ddp", .ranks = 2};
const BenchmarkCommand kOurs{.program = "lockstep"};

TEST(BenchmarkRunTest, AQuantileLiesBetweenItsNeighbours) {
  EXPECT_EQ(core::Quantile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(core::Quantile({4, 1, 2, 3}, 0.5), 2.5);
  EXPECT_EQ(core::Quantile({1, 2, 3, 4, 5}, 0.25), 2);
  EXPECT_EQ(core::Quantile({7}, 0.75), 7);
}

TEST(BenchmarkRunTest, TheFirstTwoStepsOfEveryRunAreLeftOut) {
  const std::vector<BenchmarkRun> runs = {
      {.step_times = {9, 9, 1, 2}, .losses = {7}, .peak_memory = {1e9, 3e9}},
      {.step_times = {9, 9, 3}, .losses = {7}, .peak_memory = {2e9, 1e9}}};
  const BenchmarkRow row = MakeRow(kCase, {}, kOurs, runs, 7);
  EXPECT_THAT(row.step_seconds, Optional(DoubleEq(2)));
  EXPECT_THAT(row.step_spread_seconds, Optional(DoubleEq(1)));
  EXPECT_THAT(row.steps, Optional(DoubleEq(3)));
  EXPECT_THAT(row.images_per_second, Optional(DoubleEq(16)));
  EXPECT_THAT(row.peak_memory_bytes, Optional(DoubleEq(3e9)));
}

TEST(BenchmarkRunTest, ARunOfOneStepKeepsIt) {
  const std::vector<BenchmarkRun> runs = {{.step_times = {4}, .losses = {7}}};
  EXPECT_THAT(MakeRow(kCase, {}, kOurs, runs, 7).step_seconds, Optional(DoubleEq(4)));
}

TEST(BenchmarkRunTest, TheFiguresOfAStepAreMeansOverTheRunsThatHaveThem) {
  const auto breakdown = [](double computation) {
    return core::Breakdown{.computation = core::Duration(computation),
                           .exposed = core::Duration(0.3),
                           .hidden = core::Duration(0.5)};
  };
  const std::vector<BenchmarkRun> runs = {
      {.step_times = {2}, .losses = {7}, .breakdown = breakdown(1)},
      {.step_times = {2}, .losses = {7}},
      {.step_times = {2}, .losses = {7}, .breakdown = breakdown(2)}};
  const std::vector<BenchmarkRow> rows = {MakeRow(kCase, {}, kOurs, runs, 7)};
  const nlohmann::json json = ToJson(rows)[0];
  EXPECT_DOUBLE_EQ(json.at("compute_seconds"), 1.5);
  EXPECT_DOUBLE_EQ(json.at("exposed_seconds"), 0.3);
  EXPECT_DOUBLE_EQ(json.at("hidden_seconds"), 0.5);
  EXPECT_EQ(json.at("load_seconds"), 0);
  EXPECT_FALSE(json.contains("waiting_seconds"));  // Not known.
  EXPECT_THAT(FormatTable(rows), HasSubstr("1500"));
}

TEST(BenchmarkRunTest, LossesAreWrongThatAreNotFiniteOrBeginElsewhere) {
  const auto wrong = [](std::vector<double> losses) {
    const std::vector<BenchmarkRun> runs = {{.step_times = {1}, .losses = std::move(losses)}};
    return MakeRow(kCase, {}, kOurs, runs, 7).wrong;
  };
  EXPECT_THAT(wrong({7, 6}), Optional(0.0));
  EXPECT_THAT(wrong({7.000001, 6}), Optional(0.0));
  EXPECT_THAT(wrong({7.0001, 6}), Optional(1.0));
  EXPECT_THAT(wrong({7, NAN}), Optional(1.0));
  EXPECT_THAT(wrong({NAN, NAN}), Optional(3.0));
  EXPECT_THAT(wrong({}), Optional(1.0));
}

TEST(BenchmarkRunTest, TableAndFileAreWrittenFromOneRecord) {
  const std::vector<BenchmarkRow> rows = {
      {.name = "ddp, 2 ranks", .program = "lockstep", .step_seconds = 0.7284, .wrong = 0}};
  const std::string table = FormatTable(rows);
  EXPECT_THAT(table, HasSubstr("\nddp, 2 ranks  lockstep"));
  EXPECT_THAT(table, HasSubstr("  728 "));
  EXPECT_EQ(ToJson(rows).dump(),
            R"([{"name":"ddp, 2 ranks","program":"lockstep","step_seconds":0.7284,"wrong":0.0}])");
}

TEST(BenchmarkRunTest, AFailureSaysTheLastLineOfTheProgram) {
  const BenchmarkCommand command{.arguments = {"sh", "-c", "echo no room >&2; exit 3"},
                                 .folder = ::testing::TempDir() + "/run"};
  try {
    RunBenchmarkCommand(command);
    FAIL() << "a program that failed passed for one that did not";
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), "exited with code 3: no room");
  }
}

}  // namespace
}  // namespace experiments
