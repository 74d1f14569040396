#include "experiments/training/checkpoint_file.h"

#include <string>

#include "core/base/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using ::testing::HasSubstr;

SavedRank Example() {
  SavedRank saved{.results = "{\"epochs\": []}", .best = 1.0 / 3};
  core::Checkpoint& checkpoint = saved.checkpoint;
  checkpoint.position = {.epoch = 3, .step = 1'000'000'007};
  checkpoint.offset = 5'000'000'000;
  checkpoint.parameters = {1.5f, -0.0f, 1e-40f};
  checkpoint.momentum = {0.25f, 3e38f, 7};
  checkpoint.statistics = {{1, 2}, {int64_t{1} << 60}};
  checkpoint.progress.metrics = {{1.0 / 3, 2, 3}, {4, 5, 6}};
  core::Breakdown step;
  step.total = core::Duration(0.1);
  step.bytes = 123456789;
  checkpoint.progress.breakdowns = {step, step};
  checkpoint.progress.time = core::Duration(2.0 / 3);
  return saved;
}

TEST(CheckpointFileTest, WhatIsWrittenIsReadToTheBit) {
  const std::string path = ::testing::TempDir() + "/a/whole.safetensors";
  const SavedRank saved = Example();
  const Settings settings = {{"lr", "0.1"}, {kWorldSize, "4"}};
  ASSERT_TRUE(WriteCheckpointFile(saved, settings, path).ok());
  const auto file = ReadCheckpointFile(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->settings, settings);
  EXPECT_EQ(file->saved.results, saved.results);
  EXPECT_EQ(file->saved.best, saved.best);
  const core::Checkpoint &read = file->saved.checkpoint, &written = saved.checkpoint;
  EXPECT_EQ(read.position, written.position);
  EXPECT_EQ(read.offset, written.offset);
  EXPECT_EQ(read.parameters, written.parameters);
  EXPECT_EQ(read.momentum, written.momentum);
  EXPECT_EQ(read.statistics.values, written.statistics.values);
  EXPECT_EQ(read.statistics.batches, written.statistics.batches);
  EXPECT_EQ(read.progress.time, written.progress.time);
  ASSERT_EQ(read.progress.metrics.size(), 2u);
  EXPECT_EQ(read.progress.metrics[0].loss, 1.0 / 3);
  EXPECT_EQ(read.progress.metrics[1].count, 6);
  ASSERT_EQ(read.progress.breakdowns.size(), 2u);
  EXPECT_EQ(read.progress.breakdowns[1].total, core::Duration(0.1));
  EXPECT_EQ(read.progress.breakdowns[1].bytes, 123456789);
}

// Every rank lacks something: a server statistics, a worker parameters.
TEST(CheckpointFileTest, AnyOfTheVectorsMayBeEmpty) {
  const std::string path = ::testing::TempDir() + "/empty.safetensors";
  for (int empty = 0; empty < 64; ++empty) {
    SavedRank saved = Example();
    if (empty & 1) saved.checkpoint.parameters.clear();
    if (empty & 2) saved.checkpoint.momentum.clear();
    if (empty & 4) saved.checkpoint.statistics = {};
    if (empty & 8) saved.checkpoint.progress.metrics.clear();
    if (empty & 16) saved.checkpoint.progress.breakdowns.clear();
    if (empty & 32) saved.results.clear();
    ASSERT_TRUE(WriteCheckpointFile(saved, {}, path).ok());
    const auto file = ReadCheckpointFile(path);
    ASSERT_TRUE(file.ok()) << empty << ": " << file.status();
    EXPECT_EQ(file->saved.checkpoint.parameters, saved.checkpoint.parameters);
    EXPECT_EQ(file->saved.checkpoint.statistics.batches, saved.checkpoint.statistics.batches);
    EXPECT_EQ(file->saved.results, saved.results);
  }
}

// Any byte: in the header it may be a name or a blank that matters to nobody.
TEST(CheckpointFileTest, NoDamageToWhatWasTrainedPassesUnseen) {
  const std::string path = ::testing::TempDir() + "/damaged.safetensors";
  ASSERT_TRUE(WriteCheckpointFile(Example(), {}, path).ok());
  const std::string good = *core::ReadFile(path, 1 << 20);
  const std::string name = path + "2";
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bytes = good;
    bytes[i] = static_cast<char>(bytes[i] ^ 0x10);
    ASSERT_TRUE(core::WriteFile(name, bytes).ok());
    const auto file = ReadCheckpointFile(name);
    if (file.ok()) {
      EXPECT_EQ(file->saved.checkpoint.parameters, Example().checkpoint.parameters) << i;
      EXPECT_EQ(file->saved.checkpoint.momentum, Example().checkpoint.momentum) << i;
    } else {
      EXPECT_THAT(std::string(file.status().message()), HasSubstr(name)) << i;
    }
  }
  for (size_t size = 0; size < good.size(); size += 7) {
    ASSERT_TRUE(core::WriteFile(name, good.substr(0, size)).ok());
    EXPECT_FALSE(ReadCheckpointFile(name).ok()) << size;
  }
}

}  // namespace
}  // namespace experiments
