// The benchmark, tiny, so that it cannot rot.

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "experiments/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace experiments::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const char* const kBenchmark = "experiments/benchmark";

TEST(BenchmarkTest, EveryStrategyIsMeasuredBesideItsScript) {
  const std::string folder = MakeFolder();
  // Stands for the program that runs scripts.
  std::ofstream(folder + "/python") << R"(#!/bin/sh
for argument; do
  case $argument in --results=*) results=${argument#*=} ;; esac
done
echo '{"method": "script", "world_size": 2, "batch_size": 2, "epochs": [], "all_losses": [7.0],
  "measure": {"step_times": [1000.0], "peak_rss_mb": [1000, 1], "startup": {"first_step": 2000}}}' >"$results"
)";
  chmod((folder + "/python").c_str(), 0755);

  const Ended ended = RunCommand(
      {kBenchmark, "--steps=1", "--image-size=32", "--batch-size=2", "--only=2 ranks",
       "--scripts=" + folder, "--python=" + folder + "/python", "--output", folder + "/rows.json"});

  ASSERT_EQ(ended.code, 0) << ended.output << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("batch 2 a rank, fp32, cpu, gloo"));
  const nlohmann::json rows = nlohmann::json::parse(std::ifstream(folder + "/rows.json"))["rows"];
  std::vector<std::string> programs;
  for (const auto& row : rows) {
    programs.push_back(row["program"]);
    EXPECT_EQ(row["wrong"], 0) << row;
    EXPECT_GT(row["images_per_second"], 0) << row;
    EXPECT_GT(row["first_step_seconds"], 0) << row;
    EXPECT_GT(row["peak_memory_bytes"], 100e6) << row;
    EXPECT_EQ(row.contains("compute_seconds"), row["program"] == "lockstep") << row;
    EXPECT_EQ(row.value("speedup", 0.0) > 1, row["program"] != "lockstep") << row;
  }
  EXPECT_THAT(programs, ElementsAre("lockstep", "train_ddp.py", "lockstep", "train_all_reduce.py",
                                    "lockstep", "train_ps.py", "train_ps.py --flat"));
}

TEST(BenchmarkTest, GoesOnWhereItWasKilled) {
  const std::string folder = MakeFolder();
  const std::string python = folder + "/python";
  // Counts its starts, and does not end on the second.
  std::ofstream(python) << "#!/bin/sh\ncd " << folder << R"sh(
echo x >>starts
[ $(wc -l <starts) = 2 ] && exec sleep 1000
for argument; do
  case $argument in --results=*) results=${argument#*=} ;; esac
done
echo '{"method": "script", "world_size": 2, "batch_size": 2, "epochs": [], "all_losses": [7.0],
  "measure": {"step_times": [1000.0], "peak_rss_mb": [1000, 1], "startup": {"first_step": 2000}}}' >"$results"
)sh";
  chmod(python.c_str(), 0755);
  const std::vector<std::string> command = {
      kBenchmark,           "--steps=1",
      "--image-size=32",    "--batch-size=2",
      "--only=2 ranks",     "--scripts=" + folder,
      "--python=" + python, "--output=" + folder + "/rows.json"};
  const auto starts = [&] {
    std::ifstream file(folder + "/starts");
    return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
  };
  {
    Command killed(command);
    for (int i = 0; i < 6000 && starts() < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(killed.process(), SIGINT);
    EXPECT_EQ(killed.Wait().code, 1);
  }

  const Ended ended = RunCommand(command);
  ASSERT_EQ(ended.code, 0) << ended.output << ended.errors;
  EXPECT_THAT(ended.errors, HasSubstr("3 parts are done"));  // Ours, its script, ours.
  EXPECT_EQ(starts(), 2 + 3);
  EXPECT_FALSE(std::ifstream(folder + "/rows.json.partial").good());
  const nlohmann::json rows = nlohmann::json::parse(std::ifstream(folder + "/rows.json"))["rows"];
  EXPECT_EQ(rows.size(), 7u);
  for (const auto& row : rows) {
    EXPECT_EQ(row["wrong"], 0) << row;
    EXPECT_EQ(row.contains("compute_seconds"), row["program"] == "lockstep") << row;
  }
}

TEST(BenchmarkTest, BadFlagsAreRefused) {
  EXPECT_THAT(RunCommand({kBenchmark, "--steps=0"}).errors,
              HasSubstr("--steps=0: must be a whole number from 1 "));
  EXPECT_THAT(RunCommand({kBenchmark, "--only=zz"}).errors, HasSubstr("--only=zz: no case"));
  EXPECT_THAT(RunCommand({kBenchmark, "--scripts=zz"}).errors, HasSubstr("no such folder"));
  EXPECT_THAT(RunCommand({kBenchmark, "--device=gpu"}).errors, HasSubstr("cpu, cuda"));
  EXPECT_EQ(RunCommand({kBenchmark, "--rounds=0"}).code, 1);
}

}  // namespace
}  // namespace experiments::testing
