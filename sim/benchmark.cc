// What simulating costs: processor time, memory and events of some large worlds, each in a process
// of its own.
//
//   tools/bazel run //sim:benchmark [-- CASE…]
#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/flags.h"
#include "core/base/process.h"
#include "core/base/program.h"
#include "core/base/table.h"
#include "core/strategies/strategies.h"
#include "sim/simulate.h"

namespace {

// ResNet-50 as one gradient, or cut into as many as it has.
core::Profile MakeProfile(int gradients) {
  constexpr int64_t kParameters = 25'557'032;
  constexpr double kPass = 0.1;
  core::Profile profile{.model = "ResNet-50's size",
                        .batch_size = 32,
                        .parameters = kParameters,
                        .forward = kPass / 3,
                        .pass = kPass,
                        .update = 0.01,
                        .accumulate_bytes_per_second = 1e30};
  for (int i = 0; i < gradients; ++i) {
    const int64_t begin = kParameters * i / gradients;
    const int64_t end = kParameters * (i + 1) / gradients;
    profile.gradients.push_back({.parameter = gradients - 1 - i,
                                 .elements = end - begin,
                                 .ready = kPass / 3 + kPass * 2 / 3 * (i + 1) / gradients});
  }
  return profile;
}

sim::Cluster Star() { return {.nic = {.bytes_per_second = 1.25e9, .latency = 50e-6}}; }

// The best of others, where any is known, is in the goals' comments.
struct Case {
  const char* name;
  double goal_seconds;
  core::StrategyOptions strategy_options;
  const char* strategy;
  int gradients;
  sim::Cluster cluster;
  sim::SimulationOptions options;
};

std::vector<Case> ServerCases() {
  sim::Cluster staggered = Star();
  staggered.disturbance.stagger = 10e-6;
  sim::Cluster jittered = Star();
  jittered.disturbance.jitter = 0.1;
  sim::Cluster racks = staggered;
  racks.hosts_per_rack = 32;
  racks.oversubscription = 4;
  const core::StrategyOptions one;
  core::StrategyOptions many;
  many.server.servers = 64;
  const char* const name = "parameter_server";
  return {
      // SimGrid: 28.5 s at a quarter of the workers, one step.
      {"ps_65536", 0.4, one, name, 1, staggered, {.world_size = 65'537, .steps = 3}},
      {"ps_1048576", 6, one, name, 1, staggered, {.world_size = 1'048'577, .steps = 3}},
      {"ps_1048576_jitter", 8, one, name, 1, jittered, {.world_size = 1'048'577, .steps = 3}},
      {"ps_4096_64servers", 1.5, many, name, 1, staggered, {.world_size = 4160, .steps = 3}},
      {"ps_4096_64_racks", 3, many, name, 1, racks, {.world_size = 4160, .steps = 3}},
  };
}

std::vector<Case> CollectiveCases() {
  const core::AllReduceOptions ring{.algorithm = core::AllReduceAlgorithm::kRing};
  const auto messages = [&](int ranks) {
    return sim::SimulationOptions{.world_size = ranks, .all_reduce = ring};
  };
  const sim::SimulationOptions formula{.world_size = 65'536,
                                       .steps = 10,
                                       .collectives = sim::CollectiveMode::kFormula,
                                       .all_reduce = ring};
  return {
      // SimGrid 3.2 s, ASTRA-sim 2.6 s.
      {"ring_1024", 0.6, {}, "all_reduce", 1, Star(), messages(1024)},
      // ASTRA-sim 80 s, 7.2 GB.
      {"ring_4096", 8, {}, "all_reduce", 1, Star(), messages(4096)},
      {"ddp_65536", 10, {}, "ddp", 161, Star(), formula},
  };
}

core::Table MakeTable() {
  using Align = core::Table::Align;
  return core::Table({{"case", "", Align::kLeft, 18},
                      {"ranks", "", Align::kRight, 7},
                      {"steps", ""},
                      {"virtual", "s", Align::kRight, 13},
                      {"messages", "10^6"},
                      {"processor", "s"},
                      {"goal", "s"},
                      {"events", "10^6", Align::kRight, 8},
                      {"rate", "10^6/s"},
                      {"memory", "MB"},
                      {"memory", "B/rank", Align::kRight, 8}});
}

// A line of the table.
std::string RunCase(const Case& chosen) {
  const core::Profile profile = MakeProfile(chosen.gradients);
  const core::StrategyEntry& strategy = **core::StrategyNamed(chosen.strategy);
  const sim::Simulation result = sim::Simulate(
      chosen.cluster, profile,
      [&](int) { return std::move(*strategy.make(chosen.strategy_options)); }, chosen.options);
  const auto cell = [](int decimals, double value) {
    return absl::StrFormat("%.*f", decimals, value);
  };
  const auto events = static_cast<double>(result.events);
  const auto memory = static_cast<double>(result.memory_bytes);
  return MakeTable().Line({chosen.name, absl::StrCat(chosen.options.world_size),
                           absl::StrCat(chosen.options.steps), cell(6, result.end),
                           cell(2, 1e-6 * static_cast<double>(result.messages)),
                           cell(3, result.cpu_seconds), cell(1, chosen.goal_seconds),
                           cell(3, 1e-6 * events), cell(2, 1e-6 * events / result.cpu_seconds),
                           cell(0, 1e-6 * memory), cell(0, memory / chosen.options.world_size)});
}

// All cases, or those that are named, with at most `ranks_max` ranks.
std::vector<Case> Chosen(const std::vector<std::string>& names, int ranks_max) {
  std::vector<Case> cases = ServerCases();
  for (const Case& each : CollectiveCases()) cases.push_back(each);
  for (const std::string& name : names) {
    if (std::none_of(cases.begin(), cases.end(), [&](auto& each) { return each.name == name; })) {
      throw core::Error(absl::StrCat("there is no case ", name));
    }
  }
  std::erase_if(cases, [&](const Case& each) {
    return !names.empty() && std::find(names.begin(), names.end(), each.name) == names.end();
  });
  for (Case& each : cases) {
    each.options.world_size = std::min(each.options.world_size, ranks_max);
  }
  return cases;
}

void Run(int argc, char** argv) {
  int ranks_max = std::numeric_limits<int>::max();
  core::FlagTable flags = {
      {"ranks_max", &ranks_max,
       "ranks of a world at most, at least 65; for a test that all cases run"},
  };
  const std::vector<std::string> names =
      flags.ReadWithOthers(argc, argv, "Times simulations of large worlds: all, or those named.");
  const std::vector<Case> cases = Chosen(names, ranks_max);
  std::fputs(MakeTable().Head().c_str(), stdout);
  for (const Case& each : cases) {
    core::Process child = core::ValueOrThrow(core::Process::Call([&] { return RunCase(each); }));
    if (child.Wait().code != 0) {
      throw core::Error(absl::StrCat(each.name, " ", child.Wait().ToString(), " ", child.text()));
    }
    std::fputs(child.text().c_str(), stdout);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return core::ReportErrors("benchmark", [&] { Run(argc, argv); });
}
