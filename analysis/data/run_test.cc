#include "analysis/data/run.h"

#include <filesystem>
#include <string>

#include "core/base/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace analysis {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

core::Results TwoEpochs() {
  core::Results results;
  results.world_size = 4;
  results.batch_size = 8;
  for (int i = 1; i <= 2; ++i) {
    core::EpochResult epoch = {.epoch = i,
                               .train_loss = 1,
                               .train_accuracy = 40.0 * i,
                               .train_time = 10.0 * i,
                               .train_throughput = 100.0 * i,
                               .avg_batch_time = 0.5 * i};
    epoch.avg_comm_time = 0.125 * i;
    results.epochs.push_back(epoch);
  }
  return results;
}

TEST(FiguresTest, AreMeansOverEpochs) {
  core::Results results = TwoEpochs();
  core::Summarize(results);
  const Figures figures = FiguresOf(results);
  EXPECT_EQ(figures.training_ranks, 4);
  EXPECT_EQ(figures.server_ranks, 0);
  EXPECT_THAT(figures.images_per_second, Optional(150.0));
  EXPECT_THAT(figures.epoch_seconds, Optional(15.0));
  EXPECT_THAT(figures.step_seconds, Optional(0.75));
  EXPECT_THAT(figures.communication_seconds, Optional(0.1875));
  EXPECT_FALSE(figures.exposed_seconds.has_value());
  EXPECT_THAT(figures.best_accuracy, Optional(80.0));
  EXPECT_FALSE(figures.validated);
}

TEST(FiguresTest, TheBreakdownGoesBeforeTheScriptsTimes) {
  core::Results results = TwoEpochs();
  results.epochs[0].breakdown = {.total = core::Duration(0.5),
                                 .communication = core::Duration(0.25),
                                 .exposed = core::Duration(0.125)};
  results.epochs[1].breakdown = {.total = core::Duration(1.0),
                                 .communication = core::Duration(0.75),
                                 .exposed = core::Duration(0.375)};
  core::Summarize(results);
  const Figures figures = FiguresOf(results);
  EXPECT_THAT(figures.communication_seconds, Optional(0.5));
  EXPECT_THAT(figures.exposed_seconds, Optional(0.25));
}

TEST(FiguresTest, PullAndPushMakeUpTheCommunicationOfAServer) {
  core::Results results = TwoEpochs();
  results.num_workers = 3;
  for (core::EpochResult& epoch : results.epochs) epoch.avg_comm_time.reset();
  core::Summarize(results);
  results.summary["avg_comm_time_pull"] = 0.25;
  results.summary["avg_comm_time_push"] = 0.5;
  const Figures figures = FiguresOf(results);
  EXPECT_EQ(figures.training_ranks, 3);
  EXPECT_EQ(figures.server_ranks, 1);
  EXPECT_THAT(figures.communication_seconds, Optional(DoubleEq(0.75)));
}

TEST(FiguresTest, ALoadersWorkersAreNoRanks) {
  core::Results results = TwoEpochs();
  results.num_workers = 16;
  EXPECT_EQ(FiguresOf(results).training_ranks, 4);
  EXPECT_EQ(FiguresOf(results).server_ranks, 0);
}

class LoadRunsTest : public ::testing::Test {
 protected:
  LoadRunsTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }

  void Write(const std::string& name, const core::Results& results) {
    ASSERT_TRUE(core::WriteResults(results, folder_ + "/" + name).ok());
  }

  const std::string folder_ = ::testing::TempDir() + "/runs";
};

TEST_F(LoadRunsTest, WhatIsMissingOrMalformedIsNamedAndTheRestLoaded) {
  Write("results_ps.json", TwoEpochs());
  ASSERT_TRUE(core::WriteFile(folder_ + "/results_all_reduce.json", "{\"world_size\": 2").ok());
  const auto runs = LoadRuns(folder_);
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_EQ(runs->runs.size(), 1u);
  EXPECT_EQ(runs->runs[0].name, "Parameter Server");
  EXPECT_EQ(runs->runs[0].order, 2);
  EXPECT_EQ(runs->baseline(), nullptr);
  EXPECT_THAT(runs->missing,
              ElementsAre("results_baseline_ddp.json", "results_parameter_server_overlapped.json"));
  EXPECT_THAT(runs->malformed, ElementsAre(HasSubstr("results_all_reduce.json:1: is not JSON")));
}

TEST_F(LoadRunsTest, TheBaselineComesFirst) {
  Write("results_ps.json", TwoEpochs());
  Write("results_baseline_ddp.json", TwoEpochs());
  const auto runs = LoadRuns(folder_);
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_NE(runs->baseline(), nullptr);
  EXPECT_EQ(runs->baseline()->file, "results_baseline_ddp.json");
  EXPECT_THAT(runs->malformed, IsEmpty());
}

TEST_F(LoadRunsTest, AFolderWithNothingIsAnError) {
  EXPECT_THAT(std::string(LoadRuns(folder_).status().message()),
              HasSubstr("there are no results in " + folder_));
  EXPECT_THAT(std::string(LoadRuns(folder_ + "/none").status().message()),
              HasSubstr("there is no folder " + folder_ + "/none"));
  ASSERT_TRUE(core::WriteFile(folder_ + "/results_ps.json", "[]").ok());
  EXPECT_THAT(std::string(LoadRuns(folder_).status().message()),
              HasSubstr("results_ps.json: is a list, not an object {…}"));
}

}  // namespace
}  // namespace analysis
