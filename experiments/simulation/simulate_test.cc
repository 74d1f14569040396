// The program from outside. To write the golden table anew:
//     REWRITE_GOLDEN=$PWD/experiments/testdata/simulate.txt tools/bazel run
//     //experiments:simulate_test
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
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
using ::testing::Not;
using testing::RunCommand;

constexpr char kProgram[] = "experiments/simulate";
constexpr char kProfile[] = "experiments/testdata/tiny_profile.json";
// Of that profile, and of the star that is simulated unless asked otherwise.
constexpr double kBytes = 4e6;
constexpr double kPass = 0.1;
constexpr double kUpdate = 0.01;
constexpr double kAccumulateRate = 1e10;
constexpr double kBandwidth = 1.25e9;
constexpr double kLatency = 50e-6;
constexpr double kDigits = 1e-9;

Ended Simulate(std::vector<std::string> flags) {
  flags.insert(flags.begin(), {kProgram, std::string("--profile=") + kProfile});
  return RunCommand(flags);
}

nlohmann::json RowsOf(std::vector<std::string> flags) {
  const std::string file = MakeFolder() + "/rows.json";
  flags.push_back("--output=" + file);
  const Ended ended = Simulate(flags);
  EXPECT_EQ(ended.code, 0) << ended.errors;
  std::ifstream stream(file);
  return nlohmann::json::parse(stream).at("rows");
}

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Without what the simulation itself took: the last two columns of a table's rows, two keys of a
// file's.
std::string WithoutCost(const std::string& text) {
  std::istringstream lines(text);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("wall_seconds") != line.npos || line.find("memory_bytes") != line.npos) continue;
    const bool is_row = !line.empty() && std::isdigit(static_cast<unsigned char>(line.back()));
    for (int column = 0; is_row && column < 2; ++column) {
      line.erase(line.find_last_of(' '));
      line.erase(line.find_last_not_of(' ') + 1);
    }
    kept += line + "\n";
  }
  return kept;
}

TEST(Simulate, PrintsTheTable) {
  const Ended ended =
      Simulate({"--strategy=ddp,all_reduce,parameter_server", "--world-size=2,5", "--steps=2"});
  ASSERT_EQ(ended.code, 0) << ended.errors;
  if (const char* path = std::getenv("REWRITE_GOLDEN")) {
    std::ofstream(path) << WithoutCost(ended.output);
  }
  EXPECT_EQ(WithoutCost(ended.output), Read("experiments/testdata/simulate.txt"));
}

TEST(Simulate, AParameterServersStepTakesItsClosedForm) {
  const nlohmann::json rows = RowsOf(
      {"--strategy=parameter_server", "--world-size=2,17,129,2177", "--steps=1", "--nobottleneck"});
  ASSERT_EQ(rows.size(), 4u);
  for (const nlohmann::json& row : rows) {
    const double workers = row.at("workers");
    const double transfer = kLatency + workers * kBytes / kBandwidth;
    const double expected =
        2 * transfer + kPass + (workers - 1) * kBytes / kAccumulateRate + kUpdate;
    EXPECT_NEAR(row.at("step_seconds"), expected, kDigits * expected);
    EXPECT_NEAR(row.at("pull_seconds"), transfer, kDigits * transfer);
    EXPECT_NEAR(row.at("images_per_second"), 32 * workers / expected, kDigits * 32 * workers);
    EXPECT_NEAR(row.at("efficiency"), (kPass + kUpdate) / expected, kDigits);
  }
}

TEST(Simulate, ARingTakesItsClosedFormByMessageAndByFormula) {
  for (const char* collectives : {"messages", "formula"}) {
    const nlohmann::json rows =
        RowsOf({"--strategy=all_reduce", "--world-size=2,8,16", "--algorithm=ring",
                "--nobottleneck", std::string("--collectives=") + collectives});
    for (const nlohmann::json& row : rows) {
      const double n = row.at("world_size");
      const double expected =
          kPass + 4 * 2 * (n - 1) * (kLatency + kBytes / 4 / n / kBandwidth) + kUpdate;
      EXPECT_NEAR(row.at("step_seconds"), expected, 1e-7 * expected) << collectives;
      EXPECT_EQ(row.at("method"), collectives);
    }
  }
}

TEST(Simulate, TwoServersHalveWhatOneHasToCarry) {
  const nlohmann::json row =
      RowsOf({"--strategy=parameter_server", "--world-size=65", "--bandwidth=1Gbps"})[0];
  const auto step = [](double servers) {
    const double bytes = 64 * kBytes / servers;
    return 2 * (kLatency + bytes / 0.125e9) + kPass + bytes / 64 * 63 / kAccumulateRate +
           kUpdate / servers;
  };
  EXPECT_EQ(row.at("bottleneck"), "server's links");
  EXPECT_NEAR(row.at("bottleneck_busy"), 2 * 64 * kBytes / 0.125e9 / step(1), kDigits);
  char gain[64];
  std::snprintf(gain, sizeof(gain), "two servers would give %.2fx", step(1) / step(2));
  EXPECT_THAT(std::string(row.at("bottleneck_sentence")),
              AllOf(HasSubstr("server's links are busy 97 % of a step"), HasSubstr(gain)));
}

TEST(Simulate, NamesOtherBottlenecks) {
  const auto bottleneck = [](std::vector<std::string> flags) {
    flags.insert(flags.end(), {"--strategy=all_reduce", "--world-size=8", "--algorithm=ring"});
    return std::string(RowsOf(flags)[0].at("bottleneck"));
  };
  EXPECT_EQ(bottleneck({"--bandwidth=400Gbps"}), "workers' computing");
  EXPECT_EQ(bottleneck({"--bandwidth=100Mbps"}), "nics' links");
  EXPECT_EQ(bottleneck({"--latency=100ms"}), "latency");
  EXPECT_EQ(bottleneck({"--straggler-share=0.5", "--straggler-factor=10"}), "stragglers");
}

TEST(Simulate, TheSameSeedGivesTheSameBytes) {
  const auto run = [](const std::string& seed) {
    const std::string file = MakeFolder() + "/rows.json";
    const Ended ended = Simulate({"--strategy=ddp,parameter_server", "--world-size=9",
                                  "--jitter=0.2", "--slow-link-share=0.2", "--slow-link-factor=3",
                                  "--seed=" + seed, "--output=" + file, "--processes=2"});
    EXPECT_EQ(ended.code, 0) << ended.errors;
    return WithoutCost(ended.output + Read(file));
  };
  EXPECT_EQ(run("7"), run("7"));
  EXPECT_NE(run("7"), run("8"));
}

TEST(Simulate, WritesATrace) {
  const std::string file = MakeFolder() + "/trace.json";
  const Ended ended =
      Simulate({"--strategy=parameter_server", "--world-size=3", "--trace=" + file});
  ASSERT_EQ(ended.code, 0) << ended.errors;
  const std::string trace = nlohmann::json::parse(Read(file)).dump();
  EXPECT_THAT(trace, AllOf(HasSubstr("rank 2"), HasSubstr("pull"), HasSubstr("accumulate")));
}

TEST(Simulate, ReadsTheClustersThatComeWithIt) {
  for (const char* cluster : {"ethernet_10gbps", "ethernet_25gbps", "ethernet_100gbps",
                              "ethernet_400gbps", "racks_25gbps_4to1"}) {
    const nlohmann::json rows =
        RowsOf({std::string("--cluster=experiments/clusters/") + cluster + ".json",
                "--strategy=ddp", "--world-size=64", "--nobottleneck"});
    EXPECT_EQ(rows.size(), 1u);
  }
}

TEST(Simulate, ReadsTheProfilesThatComeWithIt) {
  for (const char* profile :
       {"64px_batch16_float32", "224px_batch16_float32", "a100_amp_batch256_derived"}) {
    const Ended ended = RunCommand(
        {kProgram, std::string("--profile=experiments/profiles/resnet50_") + profile + ".json",
         "--world-size=2", "--nobottleneck"});
    EXPECT_EQ(ended.code, 0) << ended.errors;
    EXPECT_THAT(ended.output, HasSubstr("ResNet-50"));
  }
}

TEST(Simulate, NeedsNoTorch) {
  const std::string program = Read(kProgram);
  EXPECT_THAT(program, HasSubstr("libstdc++.so"));  // Here are the names of what it needs.
  EXPECT_THAT(program, Not(HasSubstr("libtorch")));
}

// Refused in one line.
void ExpectRefused(std::vector<std::string> flags,
                   const ::testing::Matcher<const std::string&>& line) {
  const Ended ended = Simulate(std::move(flags));
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(std::count(ended.errors.begin(), ended.errors.end(), '\n'), 1) << ended.errors;
  EXPECT_THAT(ended.errors, line);
  EXPECT_EQ(ended.output, "");
}

TEST(SimulateBadInput, NamesFlagAndWhatWouldBeRight) {
  ExpectRefused({"--world-sizes=4"}, HasSubstr("--world-size"));
  ExpectRefused({"--strategy=parameter-server"}, HasSubstr("parameter_server"));
  ExpectRefused({"--world-size=4,x"}, AllOf(HasSubstr("--world-size"), HasSubstr("\"x\"")));
  ExpectRefused({"--world-size=0"}, HasSubstr("--world-size=0"));
  ExpectRefused({"--world-size=-4"}, HasSubstr("--world-size=-4"));
  ExpectRefused({"--world-size=2,...,16"}, HasSubstr("continues two sizes"));
  ExpectRefused({"--world-size="}, HasSubstr("--world-size"));
  ExpectRefused({"--bandwidth=10"}, AllOf(HasSubstr("--bandwidth=10"), HasSubstr("Gbps")));
  ExpectRefused({"--bandwidth=25Gb"}, HasSubstr("--bandwidth=25Gb"));
  ExpectRefused({"--bandwidth=0Gbps"}, HasSubstr("--bandwidth=0Gbps"));
  ExpectRefused({"--latency=-1us"}, HasSubstr("--latency=-1us"));
  ExpectRefused({"--jitter=nan"}, HasSubstr("--jitter"));
  ExpectRefused({"--jitter=-1"}, HasSubstr("--jitter=-1"));
  ExpectRefused({"--straggler-share=2"}, HasSubstr("--straggler-share=2"));
  ExpectRefused({"--seed=-1"}, HasSubstr("--seed=-1"));
  ExpectRefused({"--steps=0"}, HasSubstr("--steps=0"));
  ExpectRefused({"--servers=0"}, HasSubstr("--servers=0"));
  ExpectRefused({"--collectives=exact"}, HasSubstr("formula"));
  ExpectRefused({"--algorithm=rng"}, HasSubstr("ring"));
  ExpectRefused({"--strategy=ddp", "--servers=2"}, HasSubstr("--servers"));
  ExpectRefused({"--trace=t.json", "--world-size=2,4"}, HasSubstr("--trace"));
  ExpectRefused({"extra"}, HasSubstr("extra"));
}

TEST(SimulateBadInput, AWorldTooSmallForTheStrategyIsRefused) {
  ExpectRefused({"--strategy=parameter_server", "--world-size=1"},
                AllOf(HasSubstr("--world-size=1"), HasSubstr("2 ranks")));
  ExpectRefused({"--strategy=parameter_server", "--servers=4", "--world-size=4"},
                AllOf(HasSubstr("--world-size=4"), HasSubstr("5 ranks")));
}

TEST(SimulateBadInput, FilesAreNamedWithTheKey) {
  ExpectRefused({"--cluster=/nowhere/c.json"}, HasSubstr("/nowhere/c.json"));
  const std::string file = MakeFolder() + "/cluster.json";
  std::ofstream(file) << R"({"nic": {"bandwidth": "25Gb", "latency": "1us"}})";
  ExpectRefused({"--cluster=" + file}, AllOf(HasSubstr(file), HasSubstr("bandwidth")));
  const std::string profile = MakeFolder() + "/profile.json";
  std::string text = Read(kProfile);
  text.replace(text.find("1000000"), 7, "1000001");
  std::ofstream(profile) << text;
  ExpectRefused({"--profile=" + profile}, AllOf(HasSubstr(profile), HasSubstr("add up")));
}

TEST(SimulateBadInput, MoreMemoryThanThereIsIsRefusedBeforeItStarts) {
  ExpectRefused({"--strategy=parameter_server", "--servers=8192", "--world-size=16777216",
                 "--collectives=messages"},
                AllOf(HasSubstr("memory"), HasSubstr("--world-size=16777216")));
}

TEST(SimulateBadInput, AnOutputThatCannotBeWrittenIsNamed) {
  const Ended ended = Simulate({"--world-size=2", "--output=/proc/rows.json"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.errors, HasSubstr("/proc/rows.json"));
}

}  // namespace
}  // namespace experiments
