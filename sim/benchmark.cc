// What simulating costs: processor time, memory and events of some large worlds, each in a process
// of its own. Not a test.
//
//   tools/bazel run //sim:benchmark [-- CASE…]
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/base/error.h"
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

void RunCase(const Case& chosen) {
  const core::Profile profile = MakeProfile(chosen.gradients);
  const core::StrategyEntry& strategy = **core::StrategyNamed(chosen.strategy);
  const sim::Simulation result = sim::Simulate(
      chosen.cluster, profile,
      [&](int) { return std::move(*strategy.make(chosen.strategy_options)); }, chosen.options);
  std::printf("%-18s %8d %5d %14.6f %8.2f %9.3f %6.1f %8.3f %8.2f %8.0f %8.0f\n", chosen.name,
              chosen.options.world_size, chosen.options.steps, result.end,
              static_cast<double>(result.messages) * 1e-6, result.cpu_seconds, chosen.goal_seconds,
              static_cast<double>(result.events) * 1e-6,
              static_cast<double>(result.events) * 1e-6 / result.cpu_seconds,
              static_cast<double>(result.memory_bytes) * 1e-6,
              static_cast<double>(result.memory_bytes) / chosen.options.world_size);
}

void PrintHead() {
  const auto line = [](const char* first, std::vector<const char*> rest) {
    std::printf("%-18s", first);
    const int widths[] = {8, 5, 14, 8, 9, 6, 8, 8, 8, 8};
    for (size_t i = 0; i < rest.size(); ++i) std::printf(" %*s", widths[i], rest[i]);
    std::printf("\n");
  };
  line("case", {"ranks", "steps", "virtual", "messages", "processor", "goal", "events", "rate",
                "memory", "memory"});
  line("", {"", "", "s", "10^6", "s", "s", "10^6", "10^6/s", "MB", "B/rank"});
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Case> cases = ServerCases();
  for (const Case& each : CollectiveCases()) cases.push_back(each);
  PrintHead();
  for (const Case& each : cases) {
    bool chosen = argc == 1;
    for (int i = 1; i < argc; ++i) chosen |= std::string(argv[i]) == each.name;
    if (!chosen) continue;
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      try {
        RunCase(each);
      } catch (const core::Error& error) {
        std::fprintf(stderr, "%s: %s\n", each.name, error.what());
        std::exit(1);
      }
      std::exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 1;
  }
  return 0;
}
