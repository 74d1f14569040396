#include "experiments/simulation/ps_scaling_study.h"

#include "core/base/error.h"
#include "experiments/simulation/simulation_size.h"

namespace experiments {
namespace {

// Ethernet as it is sold: faster links have shorter latencies.
struct Ethernet {
  double gigabits_per_second;
  double latency;  // Seconds, between two hosts.
};
constexpr Ethernet kEthernets[] = {{1, 50e-6}, {10, 50e-6}, {25, 20e-6}, {100, 5e-6}, {400, 2e-6}};

struct Variant {
  const char* name;
  const char* strategy;
  int servers;  // kAsWorkers: as many as workers.
  bool colocated;
  core::AllReduceAlgorithm algorithm;
  bool plain = false;  // Simulated with StudyOptions::plain_workers_max workers, too.
};
constexpr int kAsWorkers = -1;
constexpr auto kRing = core::AllReduceAlgorithm::kSegmentedRing;
constexpr Variant kVariants[] = {
    {"ddp", "ddp", 1, false, kRing},
    {"ddp, double tree", "ddp", 1, false, core::AllReduceAlgorithm::kDoubleTree},
    {"all_reduce", "all_reduce", 1, false, kRing},
    {"parameter_server, 1 server", "parameter_server", 1, false, kRing, true},
    {"parameter_server, 4 servers", "parameter_server", 4, false, kRing},
    {"parameter_server, 16 servers", "parameter_server", 16, false, kRing},
    {"parameter_server, servers = workers", "parameter_server", kAsWorkers, false, kRing},
    {"parameter_server, colocated", "parameter_server", 1, true, kRing},
    {"parameter_server_overlapped", "parameter_server_overlapped", 1, false, kRing},
};

// Larger worlds with stragglers are of interest where every message is simulated: the closed form
// only estimates what stragglers cost, and collectives wait for the slowest whatever its number.
constexpr int kStragglerWorkersMax = 4096;

bool ShowsStragglers(const SimulationCase& simulation, int workers) {
  return workers <= kStragglerWorkersMax ||
         (CallsOf(simulation).step.collectives.empty() &&
          MethodFor(simulation, kStudyMessagesMax) == SimulationMethod::kMessages);
}

// Up to 1,024 each power of two, then each of four.
std::vector<int> WorkerCounts(const StudyOptions& options) {
  std::vector<int> counts;
  for (int count = 1; count <= options.workers_max; count *= count < 1024 && !options.few ? 2 : 4) {
    counts.push_back(count);
  }
  return counts;
}

SimulationCase CaseOf(const Variant& variant, const core::Profile& profile,
                      const Ethernet& ethernet, bool stragglers, int workers) {
  SimulationCase simulation;
  simulation.profile = profile;
  simulation.strategy = core::ValueOrThrow(core::StrategyNamed(variant.strategy));
  const int servers = variant.servers == kAsWorkers ? workers : variant.servers;
  simulation.options.server = {.servers = servers, .colocated = variant.colocated};
  simulation.world_size = workers + MakeStrategy(simulation)->servers();
  simulation.all_reduce.algorithm = variant.algorithm;
  simulation.cluster.nic = {.bytes_per_second = ethernet.gigabits_per_second * 1e9 / 8,
                            .latency = ethernet.latency / 2};
  if (stragglers) {
    simulation.cluster.disturbance.straggler_share = kStragglerShare;
    simulation.cluster.disturbance.straggler_factor = kStragglerFactor;
  }
  // There is no other way, however many they are.
  if (!simulation.strategy->pulls_then_pushes && CallsOf(simulation).step.collectives.empty()) {
    simulation.method = SimulationMethod::kMessages;
  }
  return simulation;
}

}  // namespace

std::vector<StudyPoint> StudyPoints(const StudyOptions& options) {
  std::vector<StudyPoint> points;
  const std::vector<int> counts = WorkerCounts(options);
  for (size_t profile = 0; profile < options.profiles.size(); ++profile) {
    const auto add = [&](const Variant& variant, const Ethernet& ethernet, bool stragglers,
                         int workers) {
      points.push_back({profile, variant.name, ethernet.gigabits_per_second,
                        CaseOf(variant, options.profiles[profile], ethernet, stragglers, workers)});
    };
    for (const Ethernet& ethernet : kEthernets) {
      if (options.few && ethernet.gigabits_per_second != 10) continue;
      for (const Variant& variant : kVariants) {
        for (int workers : counts) {
          add(variant, ethernet, false, workers);
          if (ShowsStragglers(points.back().simulation, workers)) {
            add(variant, ethernet, true, workers);
          }
        }
        if (variant.plain && options.plain_workers_max > counts.back()) {
          add(variant, ethernet, false, options.plain_workers_max);
        }
      }
    }
  }
  return points;
}

}  // namespace experiments
