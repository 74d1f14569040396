// The study with a few points.
#include <fstream>
#include <set>
#include <string>

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
