// The study with a few points.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "experiments/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace experiments {
namespace {

using ::testing::AllOf;
using testing::Ended;
using ::testing::HasSubstr;
using testing::MakeFolder;
using testing::RunCommand;

constexpr char kProgram[] = "experiments/ps_scaling";
constexpr char kProfile[] = "--profile=experiments/testdata/tiny_profile.json";

TEST(PsScaling, WritesPointsTextAndPlots) {
  const std::string folder = MakeFolder();
  const Ended ended = RunCommand({kProgram, "--few", kProfile, "--workers-max=64",
                                  "--plain-workers-max=256", "--output-dir=" + folder});
  ASSERT_EQ(ended.code, 0) << ended.errors;
  EXPECT_THAT(ended.output, AllOf(HasSubstr("workers that servers feed"),
                                  HasSubstr("at least as fast as all_reduce")));

  std::ifstream file(folder + "/ps_scaling.json");
  const nlohmann::json study = nlohmann::json::parse(file);
  std::set<std::string> variants;
  std::set<int> workers;
  for (const nlohmann::json& row : study.at("rows")) {
    variants.insert(row.at("variant"));
    workers.insert(row.at("workers").get<int>());
    EXPECT_GE(row.at("step_seconds"), 0.1);       // Computing alone.
    EXPECT_LE(row.at("efficiency"), 1.1 + 1e-9);  // Servers share the update, a tenth of the pass.
  }
  EXPECT_EQ(variants.size(), 9u);
  EXPECT_EQ(workers, (std::set<int>{1, 4, 16, 64, 256}));
  for (const char* name :
       {"ps_scaling.txt", "plots/ps_scaling_throughput.png", "plots/ps_scaling_efficiency.png",
        "plots/ps_scaling_breakdown.png", "plots/ps_scaling_knee.png"}) {
    EXPECT_TRUE(std::ifstream(folder + "/" + name).good()) << name;
  }
}

nlohmann::json RowsOf(const std::string& folder) {
  std::ifstream file(folder + "/ps_scaling.json");
  nlohmann::json rows = nlohmann::json::parse(file).at("rows");
  for (nlohmann::json& row : rows) {  // What the simulation itself took.
    row.erase("wall_seconds");
    row.erase("memory_bytes");
  }
  return rows;
}

TEST(PsScaling, GoesOnWhereItWasKilled) {
  const std::string folder = MakeFolder();
  const std::vector<std::string> command = {kProgram,
                                            "--few",
                                            kProfile,
                                            "--workers-max=4096",
                                            "--processes=1",
                                            "--plain-workers-max=4096",
                                            "--output-dir=" + folder};
  {
    testing::Command killed(command);
    const auto lines = [&] {
      std::ifstream file(folder + "/ps_scaling.partial");
      return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
    };
    for (int i = 0; i < 6000 && lines() < 20; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    kill(killed.process(), SIGKILL);
    EXPECT_EQ(killed.Wait().code, 128 + SIGKILL);
  }
  ASSERT_FALSE(std::ifstream(folder + "/ps_scaling.json").good());

  const Ended ended = RunCommand(command);
  ASSERT_EQ(ended.code, 0) << ended.errors;
  EXPECT_THAT(ended.errors, HasSubstr("parts are done"));
  EXPECT_FALSE(std::ifstream(folder + "/ps_scaling.partial").good());

  const nlohmann::json rows = RowsOf(folder);
  const Ended anew = RunCommand(command);
  EXPECT_THAT(anew.errors, ::testing::Not(HasSubstr("parts are done")));
  EXPECT_TRUE(RowsOf(folder) == rows);
}

TEST(PsScaling, BadInputGetsOneLine) {
  for (const auto& [flag, line] : {std::pair("--workers-max=1", "--workers-max=1"),
                                   {"--profile=/nowhere", "/nowhere"},
                                   {"--processes=-1", "--processes=-1"},
                                   {"--output-dirs=x", "--output-dir"}}) {
    const Ended ended = RunCommand({kProgram, "--few", flag});
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.errors, HasSubstr(line));
  }
}

}  // namespace
}  // namespace experiments
