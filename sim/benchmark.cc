// What simulating costs: processor time, memory and events of some large worlds, each in a process
// of its own. Not a test.
//
//   tools/bazel run //sim:benchmark [-- CASE…]
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
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

sim::Cluster Star() { return {.card = {.bytes_per_second = 1.25e9, .latency = 50e-6}}; }

struct Case {
  const char* name;
  const char* strategy;
  int gradients;
  sim::Cluster cluster;
  sim::SimulationOptions options;
};

std::vector<Case> Cases() {
  sim::Cluster staggered = Star();
  staggered.disturbance.stagger = 10e-6;
  sim::Cluster jittered = Star();
  jittered.disturbance.jitter = 0.1;
  const core::AllReduceOptions ring{.algorithm = core::AllReduceAlgorithm::kRing};
  return {
      {"ps_65536", "parameter_server", 1, staggered, {.world_size = 65'537, .steps = 3}},
      {"ps_1048576", "parameter_server", 1, staggered, {.world_size = 1'048'577, .steps = 3}},
      {"ps_1048576_jitter", "parameter_server", 1, jittered, {.world_size = 1'048'577, .steps = 3}},
      {"ring_1024", "all_reduce", 1, Star(), {.world_size = 1024, .all_reduce = ring}},
      {"ring_4096", "all_reduce", 1, Star(), {.world_size = 4096, .all_reduce = ring}},
      {"ddp_65536",
       "ddp",
       161,
       Star(),
       {.world_size = 65'536,
        .steps = 10,
        .collectives = sim::CollectiveMode::kFormula,
        .all_reduce = ring}},
  };
}

void RunCase(const Case& chosen) {
  const core::Profile profile = MakeProfile(chosen.gradients);
  const std::string name = chosen.strategy;
  const sim::Simulation result = sim::Simulate(
      chosen.cluster, profile, [&](int) { return std::move(*core::MakeStrategy(name, {})); },
      chosen.options);
  std::printf("%-20s %9d %6d %14.6f %9.3f %10.3f %8.2f %9.0f %9.0f\n", chosen.name,
              chosen.options.world_size, chosen.options.steps, result.end, result.cpu_seconds,
              static_cast<double>(result.events) * 1e-6,
              static_cast<double>(result.events) * 1e-6 / result.cpu_seconds,
              static_cast<double>(result.memory_bytes) * 1e-6,
              static_cast<double>(result.memory_bytes) / chosen.options.world_size);
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("%-20s %9s %6s %14s %9s %10s %8s %9s %9s\n", "case", "ranks", "steps", "virtual",
              "processor", "events", "rate", "memory", "memory");
  std::printf("%-20s %9s %6s %14s %9s %10s %8s %9s %9s\n", "", "", "", "s", "s", "10^6", "10^6/s",
              "MB", "B/rank");
  for (const Case& each : Cases()) {
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
