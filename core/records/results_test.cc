#include "core/records/results.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::string TemporaryPath(const std::string& name) { return ::testing::TempDir() + "/" + name; }

absl::StatusOr<Results> ReadText(std::string_view text) {
  const std::string path = TemporaryPath("read.json");
  // Some file systems sync what is overwritten, but not what is new.
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary) << text;
  return ReadResults(path);
}

// The error without the path that precedes it.
std::string ErrorOf(std::string_view text) {
  const auto results = ReadText(text);
  const std::string message(results.status().message());
  const std::string prefix = TemporaryPath("read.json") + ": ";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

Results Example() {
  Results results;
  results.method = "Lockstep parameter server";
  results.strategy = "parameter_server";
  results.world_size = 3;
  results.num_workers = 2;
  results.batch_size = 16;
  results.start_time = "2024-05-01 12:34:56";
  results.end_time = "2024-05-01 12:44:56";
  results.partial = true;
  for (int i = 1; i <= 2; ++i) {
    EpochResult epoch = {.epoch = i,
                         .train_loss = 2.0 / i,
                         .train_accuracy = 30.0 * i,
                         .train_time = 10.0 + i,
                         .train_throughput = 30.0 * i,
                         .avg_batch_time = 0.1};
    epoch.avg_comm_time_pull = 0.01 * i;
    epoch.avg_comm_time_push = 0.02 * i;
    epoch.val_loss = 1.0 / 3 / i;
    epoch.val_accuracy = 60.0 - 10 * i;
    epoch.breakdown.emplace();
    Duration seconds{};
    for (const StepFigure& figure : kStepFigures) {
      *epoch.breakdown.*figure.member = seconds += Duration(0.01);
    }
    if (i == 1) epoch.breakdown->waiting = Duration(NAN);  // Not known.
    results.epochs.push_back(epoch);
  }
  results.all_losses = {2.302585092994046, 0.1, 1e-300, 3};
  results.configuration = {{"flags", "--epochs=2 --data-dir=\"ä b\""}, {"host", "h"}};
  results.skipped_images = {"train/n01/broken \xff.JPEG"};
  results.peak_memory_bytes = {1e9, 2e9, 3e9};
  results.step_times = {0.5, 0.25};
  results.startup_seconds = 1.5;
  Summarize(results);
  return results;
}

TEST(SummarizeTest, TakesMeansAndTheBestAccuracyOfTheEpochs) {
  const Results results = Example();
  EXPECT_THAT(results.summary,
              UnorderedElementsAre(Pair("avg_train_throughput", 45.0),
                                   Pair("avg_train_time_per_epoch", 11.5),
                                   Pair("avg_comm_time_pull", ::testing::DoubleEq(0.015)),
                                   Pair("avg_comm_time_push", ::testing::DoubleEq(0.03)),
                                   Pair("best_val_accuracy", 50.0)));
  EXPECT_THAT(results.best_accuracy, Optional(50.0));
}

TEST(SummarizeTest, WithoutValidationTheLastTrainingAccuracyStands) {
  Results results = Example();
  for (EpochResult& epoch : results.epochs) epoch.val_accuracy.reset();
  Summarize(results);
  EXPECT_EQ(results.summary.count("best_val_accuracy"), 0u);
  EXPECT_EQ(results.summary.at("final_train_accuracy"), 60.0);
  EXPECT_FALSE(results.best_accuracy.has_value());
}

TEST(ResultsTest, WhatIsWrittenIsReadToTheBit) {
  const Results written = Example();
  const std::string path = TemporaryPath("results_ps.json");
  ASSERT_TRUE(WriteResults(written, path).ok());
  const auto read = ReadResults(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->method, written.method);
  EXPECT_EQ(read->strategy, written.strategy);
  EXPECT_EQ(read->world_size, written.world_size);
  EXPECT_EQ(read->num_workers, written.num_workers);
  EXPECT_EQ(read->batch_size, written.batch_size);
  EXPECT_EQ(read->start_time, written.start_time);
  EXPECT_EQ(read->end_time, written.end_time);
  EXPECT_EQ(read->partial, written.partial);
  EXPECT_EQ(read->all_losses, written.all_losses);
  EXPECT_EQ(read->best_accuracy, written.best_accuracy);
  EXPECT_EQ(read->summary, written.summary);
  EXPECT_EQ(read->configuration, written.configuration);
  EXPECT_EQ(read->peak_memory_bytes, written.peak_memory_bytes);
  EXPECT_EQ(read->step_times, written.step_times);
  EXPECT_EQ(read->startup_seconds, written.startup_seconds);
  // A name that is not UTF-8 cannot stand in JSON as it is.
  EXPECT_THAT(read->skipped_images, ElementsAre("train/n01/broken \xef\xbf\xbd.JPEG"));
  ASSERT_EQ(read->epochs.size(), 2u);
  const EpochResult& epoch = read->epochs[1];
  EXPECT_EQ(epoch.epoch, 2);
  EXPECT_EQ(epoch.train_loss, 1.0);
  EXPECT_EQ(epoch.train_accuracy, 60.0);
  EXPECT_EQ(epoch.train_time, 12.0);
  EXPECT_EQ(epoch.train_throughput, 60.0);
  EXPECT_EQ(epoch.avg_batch_time, 0.1);
  EXPECT_FALSE(epoch.avg_comm_time.has_value());
  EXPECT_EQ(epoch.avg_comm_time_pull, written.epochs[1].avg_comm_time_pull);
  EXPECT_EQ(epoch.val_loss, written.epochs[1].val_loss);
  EXPECT_EQ(epoch.val_accuracy, 40.0);
  ASSERT_TRUE(epoch.breakdown.has_value());
  for (const StepFigure& figure : kStepFigures) {
    EXPECT_EQ(*epoch.breakdown.*figure.member, *written.epochs[1].breakdown.*figure.member)
        << figure.name;
  }
  EXPECT_TRUE(std::isnan(read->epochs[0].breakdown->waiting.count()));
}

TEST(ResultsTest, TheFileHasTheNamesThatOtherToolsRead) {
  const std::string path = TemporaryPath("names.json");
  ASSERT_TRUE(WriteResults(Example(), path).ok());
  std::ifstream file(path);
  const auto json = nlohmann::json::parse(file);
  for (const char* key : {"method", "world_size", "num_workers", "batch_size", "start_time",
                          "end_time", "epochs", "all_losses", "best_accuracy", "summary"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  for (const char* key :
       {"epoch", "train_loss", "train_accuracy", "train_time", "train_throughput", "avg_batch_time",
        "avg_comm_time_pull", "avg_comm_time_push", "val_loss", "val_accuracy"}) {
    EXPECT_TRUE(json["epochs"][0].contains(key)) << key;
  }
  for (const char* key : {"total", "load", "computation", "communication", "exposed", "waiting"}) {
    EXPECT_TRUE(json["epochs"][1]["breakdown"].contains(key)) << key;
  }
  EXPECT_FALSE(json["epochs"][0]["breakdown"].contains("waiting"));
  EXPECT_FALSE(json["epochs"][0].contains("avg_comm_time"));
  EXPECT_EQ(json["epochs"][0]["epoch"], 1);
}

TEST(ResultsTest, ALossThatIsNotFiniteComesBackAsSuch) {
  Results results = Example();
  results.all_losses = {1, NAN, INFINITY};
  results.epochs[1].train_loss = NAN;
  const std::string path = TemporaryPath("diverged.json");
  ASSERT_TRUE(WriteResults(results, path).ok());
  const auto read = ReadResults(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->all_losses, ElementsAre(1, ::testing::IsNan(), ::testing::IsNan()));
  EXPECT_THAT(read->epochs[1].train_loss, ::testing::IsNan());
}

// As json.dump(result, indent=1) of such a script writes it.
constexpr std::string_view kPython = R"json({
 "method": "Baseline DDP (PyTorch)", "world_size": 4, "batch_size": 16,
 "start_time": "2024-05-01T12:34:56.789012", "end_time": "2024-05-01T12:35:56",
 "epochs": [
  {"epoch": 0, "train_loss": 2.5, "train_accuracy": 10.0, "train_time": 8.0,
   "train_throughput": 16.0, "avg_batch_time": 4.0, "val_loss": 2.25, "val_accuracy": 12.5},
  {"epoch": 1, "train_loss": NaN, "train_accuracy": 20, "train_time": 10,
   "train_throughput": 12.8, "avg_batch_time": 5.0, "val_loss": Infinity, "val_accuracy": 25.0}
 ],
 "all_losses": [2.75, 2.25, 2.0, NaN],
 "summary": {"avg_train_throughput": 14.5, "avg_train_time_per_epoch": 9.0,
  "best_val_accuracy": 25.0, "avg_comm_time": 0.5, "note": "text"},
 "measure": {"step_times": [4.0, 4.0], "comm": {"": [0.5]}, "startup": {"NaN": "NaN, Infinity"}}
})json";

TEST(ResultsTest, APythonScriptsFileIsRead) {
  const auto results = ReadText(kPython);
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(results->method, "Baseline DDP (PyTorch)");
  EXPECT_EQ(results->strategy, "");
  EXPECT_EQ(results->start_time, "2024-05-01 12:34:56");
  EXPECT_EQ(results->end_time, "2024-05-01 12:35:56");
  ASSERT_EQ(results->epochs.size(), 2u);
  EXPECT_EQ(results->epochs[0].epoch, 1);
  EXPECT_EQ(results->epochs[1].epoch, 2);
  EXPECT_THAT(results->epochs[1].val_loss, Optional(::testing::IsNan()));
  EXPECT_THAT(results->all_losses, ElementsAre(2.75, 2.25, 2.0, ::testing::IsNan()));
  EXPECT_EQ(results->summary.at("avg_train_throughput"), 14.5);
  EXPECT_EQ(results->summary.at("avg_comm_time"), 0.5);
  EXPECT_THAT(results->best_accuracy, Optional(25.0));
}

TEST(ResultsTest, AnOlderFileHasAListOfLossesInEachEpoch) {
  const auto results = ReadText(R"({"method": "Manual All-Reduce", "world_size": 2, "batch_size": 8,
    "epochs": [
      {"epoch": 1, "losses": [3, 2.5], "train_accuracy": 1, "train_time": 4, "train_throughput": 8,
       "avg_comm_time": 0.25},
      {"epoch": 2, "losses": [2, 1], "train_loss": 1.75, "train_accuracy": 2, "train_time": 4,
       "train_throughput": 8}]})");
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_THAT(results->all_losses, ElementsAre(3, 2.5, 2, 1));
  EXPECT_EQ(results->epochs[0].train_loss, 2.75);
  EXPECT_EQ(results->epochs[0].avg_batch_time, 2);
  EXPECT_EQ(results->epochs[1].train_loss, 1.75);
  EXPECT_EQ(results->summary.at("avg_comm_time"), 0.25);
  EXPECT_EQ(results->summary.at("final_train_accuracy"), 2);
}

TEST(ResultsTest, AListOfLossesPerEpochIsReadInAllLossesToo) {
  const auto results =
      ReadText(R"({"world_size": 1, "batch_size": 1, "epochs": [], "all_losses": [[3, 2], [1]]})");
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_THAT(results->all_losses, ElementsAre(3, 2, 1));
}

// kPython with its first `from` replaced.
std::string Changed(std::string_view from, std::string_view to) {
  std::string text(kPython);
  return text.replace(text.find(from), from.size(), to);
}

TEST(ResultsTest, AnErrorNamesKeyFoundAndExpected) {
  EXPECT_EQ(ErrorOf(Changed("\"world_size\": 4", "\"world_size\": 2.5")),
            "world_size: is 2.5, not a whole number");
  EXPECT_EQ(ErrorOf(Changed("\"world_size\": 4", "\"world_size\": 1e300")),
            "world_size: is 1e+300, not a whole number");
  EXPECT_EQ(ErrorOf(Changed("\"world_size\": 4,", "")), "world_size: is missing");
  EXPECT_EQ(ErrorOf(Changed("\"batch_size\": 16", "\"batch_size\": null")),
            "batch_size: is null, not a number");
  EXPECT_EQ(ErrorOf(Changed("8.0", "\"8.0\"")), "epochs[0].train_time: is \"8.0\", not a number");
  EXPECT_EQ(ErrorOf(Changed("12.8", "-12.8")),
            "epochs[1].train_throughput: is -12.8, not a number from 0.0 on");
  EXPECT_EQ(ErrorOf(Changed("2.25, 2.0", "true, 2.0")), "all_losses[1]: is true, not a number");
  EXPECT_EQ(ErrorOf(Changed("\"Baseline DDP (PyTorch)\"", "[1, 2]")),
            "method: is a list, not a text");
  EXPECT_EQ(ErrorOf("[]"), "is a list, not an object {…}");
  EXPECT_EQ(ErrorOf(R"({"world_size": 1, "batch_size": 1, "epochs": 3})"),
            "epochs: is 3, not a list […]");
  EXPECT_EQ(ErrorOf(R"({"world_size": 1, "batch_size": 1, "epochs": [7]})"),
            "epochs[0]: is 7, not an object {…}");
  EXPECT_EQ(ErrorOf(R"({"world_size": 1, "batch_size": 1, "epochs": [], "summary": []})"),
            "summary: is a list, not an object {…}");
}

TEST(ResultsTest, WhatIsNoJsonIsNamedWithItsPlace) {
  EXPECT_THAT(ErrorOf(kPython.substr(0, 300)), HasSubstr("read.json:6: is not JSON at byte"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("is not JSON"));
  EXPECT_THAT(ErrorOf("{\"a\": 1e999}"), HasSubstr("a number that is too large"));
  EXPECT_THAT(ErrorOf("{\"a\n\": 1}"), Not(HasSubstr("\n")));
  EXPECT_LT(ErrorOf('"' + std::string(100000, 'x')).size(), 500u);
}

TEST(ResultsTest, DeepNestingIsRefusedBeforeItIsParsed) {
  EXPECT_EQ(ErrorOf(std::string(10'000'000, '[')),
            "byte 32: found a value nested deeper than 32, expected a flatter file");
}

TEST(ResultsTest, AHugeFileIsRefusedUnread) {
  const std::string path = TemporaryPath("huge.json");
  std::ofstream(path) << "{";
  std::filesystem::resize_file(path, int64_t{1} << 40);
  EXPECT_THAT(std::string(ReadResults(path).status().message()),
              HasSubstr("found 1099511627776 bytes, expected at most 67108864"));
  std::filesystem::remove(path);
}

// Bytes and whole values of a good file changed at random: whatever comes of it is a value or an
// error of one line. The seed is printed by a failure's trace and replays alone.
TEST(ResultsTest, NoChangeOfAFileCrashesTheReader) {
  const std::string_view pieces[] = {"null", "NaN",  "-Infinity", "{}",   "[",  "]", "\"x\"", "-1",
                                     "1e99", "true", ",",         "\xff", "\\", ":", "1e-9",  "{"};
  int readable = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string text(kPython);
    for (unsigned change = 0; change <= random() % 3; ++change) {
      const size_t from = random() % text.size();
      const size_t length = random() % 3 == 0 ? text.find_first_of(",}]", from) - from : 1;
      const std::string_view piece = pieces[random() % std::size(pieces)];
      text.replace(from, std::min(length, text.size() - from), random() % 8 == 0 ? "" : piece);
    }
    if (random() % 8 == 0) text.resize(random() % text.size());
    const auto results = ReadText(text);
    if (results.ok()) {
      ++readable;
      EXPECT_GE(results->world_size, 1);
    } else {
      EXPECT_THAT(std::string(results.status().message()), Not(HasSubstr("\n")));
    }
  }
  EXPECT_GT(readable, 10);
  EXPECT_LT(readable, 2900);
}

}  // namespace
}  // namespace core
