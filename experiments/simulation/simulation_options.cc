#include "experiments/simulation/simulation_options.h"

#include <cmath>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/error.h"
#include "core/base/flags.h"
#include "core/strategies/strategy_flags.h"
#include "experiments/common/runfiles.h"
#include "experiments/common/shared_flags.h"
#include "sim/cluster/cluster_file.h"
#include "sim/cluster/units.h"

namespace experiments {
namespace {

constexpr int kWorldSizeMax = 1 << 24;
constexpr char kDefaultProfile[] = "experiments/profiles/resnet50_64px_batch16_float32.json";

// What flags say that is not yet what a case needs.
struct Asked {
  std::vector<std::string> strategies = {"parameter_server"};
  std::vector<int> world_sizes = {2, 4, 8, 16, 32, 64};
  std::string cluster;
  std::string profile;
};

absl::StatusOr<std::vector<std::string>> ParseStrategies(const std::string& text) {
  const std::vector<std::string> names = absl::StrSplit(text, ',');
  for (const std::string& name : names) {
    const auto known = core::OneOf(core::StrategyNames())(name);
    if (!known.ok()) return known.status();
  }
  return names;
}

absl::StatusOr<double> ParseHalfDuration(const std::string& text) {
  const absl::StatusOr<double> seconds = sim::ParseDuration(text);
  return seconds.ok() ? *seconds / 2 : seconds;
}

absl::StatusOr<SimulationMethod> ParseMethod(const std::string& text) {
  for (SimulationMethod method :
       {SimulationMethod::kAutomatic, SimulationMethod::kMessages, SimulationMethod::kFormula}) {
    if (Name(method) == text) return method;
  }
  return absl::InvalidArgumentError("one of messages, formula, auto");
}

core::FlagTable ClusterFlags(sim::Cluster& cluster) {
  sim::Disturbance& disturbance = cluster.disturbance;
  return {
      {"bandwidth", &cluster.nic.bytes_per_second, sim::ParseBandwidth,
       "of each nic, each way, such as 10Gbps", "the cluster's, or 10Gbps"},
      {"latency", &cluster.nic.latency, ParseHalfDuration,
       "between two hosts of a star, such as 50us", "the cluster's, or 50us"},
      {"jitter", &disturbance.jitter, core::Range(0, 10),
       "standard deviation of the log of computing times", "the cluster's, or 0"},
      {"straggler_share", &disturbance.straggler_share, core::Range(0, 1), "of ranks",
       "the cluster's, or 0"},
      {"straggler_factor", &disturbance.straggler_factor, core::Range(1e-3, 1e6),
       "a straggler computes so many times as long", "the cluster's, or 1"},
      {"slow_link_share", &disturbance.slow_link_share, core::Range(0, 1), "of hosts",
       "the cluster's, or 0"},
      {"slow_link_factor", &disturbance.slow_link_factor, core::Range(1e-3, 1e6),
       "by which a slow host's bandwidth is divided", "the cluster's, or 1"},
      {"seed", &disturbance.seed, "of jitter, stragglers and slow links", "the cluster's, or 0"},
  };
}

core::FlagTable FlagsOf(SimulationOptions& options, SimulationCase& base, Asked& asked) {
  core::FlagTable flags = {
      {"strategy", &asked.strategies, ParseStrategies,
       absl::StrCat("one of ", absl::StrJoin(core::StrategyNames(), ", "),
                    ", or several: ddp,parameter_server"),
       asked.strategies[0]},
      {"world_size", &asked.world_sizes, ParseWorldSizes,
       "ranks, servers included: a list, in which ... continues: 2,4,...,65536",
       absl::StrJoin(asked.world_sizes, ",")},
      {"cluster", &asked.cluster, core::IsPath(), "JSON description of the cluster", "a star"},
      {"profile", &asked.profile, core::IsPath(), "JSON profile of what a step costs",
       "one that was measured"},
      {"collectives", &base.method, ParseMethod,
       "messages (every one), formula (closed forms), or auto: messages while they are few",
       "auto"},
      {"algorithm", &base.all_reduce.algorithm, core::AllReduceAlgorithmNamed,
       "of an all-reduce: segmented_ring (as Gloo's own), ring, halving_doubling, double_tree or "
       "direct_exchange (as the trainer's over Gloo)",
       std::string(core::Name(base.all_reduce.algorithm))},
      {"steps", &base.steps, core::Range(1, 1'000'000), "steps that are simulated"},
      {"output", &options.output, core::IsPath(),
       "write the rows to this JSON file, too; the report shows results/simulated.json"},
      {"trace", &options.trace, core::IsPath(),
       "write a Chrome trace to this file (see Perfetto); for one world size"},
      {"bottleneck", &options.bottleneck, "find the bottleneck, by simulating remedies"},
      ProcessesFlag(&options.processes),
  };
  flags.Add(ClusterFlags(base.cluster));
  flags.Add(core::StrategyFlags(base.options));
  return flags;
}

std::string InWords(const sim::Cluster& cluster) {
  std::string words =
      absl::StrFormat("%s: nics of %.4g Gbit/s, %.4g us between hosts", cluster.name,
                      cluster.nic.bytes_per_second * 8e-9, 2e6 * cluster.nic.latency);
  if (cluster.ranks_per_host > 1) {
    absl::StrAppend(&words, ", ", cluster.ranks_per_host, " ranks a host");
  }
  if (cluster.hosts_per_rack > 0) {
    absl::StrAppend(&words, ", racks of ", cluster.hosts_per_rack, " hosts, ",
                    cluster.oversubscription, ":1");
  }
  if (!cluster.exceptions.empty()) absl::StrAppend(&words, ", some hosts other nics");
  const sim::Disturbance& disturbance = cluster.disturbance;
  if (disturbance.jitter > 0) absl::StrAppend(&words, ", jitter ", disturbance.jitter);
  if (disturbance.straggler_share > 0) {
    absl::StrAppendFormat(&words, ", %.4g %% stragglers %.4gx", 100 * disturbance.straggler_share,
                          disturbance.straggler_factor);
  }
  if (disturbance.slow_link_share > 0) {
    absl::StrAppendFormat(&words, ", %.4g %% links %.4gx slower", 100 * disturbance.slow_link_share,
                          disturbance.slow_link_factor);
  }
  return words;
}

}  // namespace

absl::StatusOr<std::vector<int>> ParseWorldSizes(const std::string& text) {
  std::vector<int> sizes;
  bool go_on = false;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    if (part == "..." || part == "…") {
      if (go_on || sizes.size() < 2 || sizes.back() <= sizes.end()[-2]) {
        return absl::InvalidArgumentError("... continues two sizes, of which the second is larger");
      }
      go_on = true;
      continue;
    }
    int size = 0;
    if (!absl::SimpleAtoi(part, &size) || size < 1 || size > kWorldSizeMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", part, "\" is no world size: whole numbers from 1 to ", kWorldSizeMax));
    }
    if (go_on) {
      const double ratio = static_cast<double>(sizes.back()) / sizes.end()[-2];
      for (double next = sizes.back() * ratio; std::llround(next) < size; next *= ratio) {
        sizes.push_back(static_cast<int>(std::llround(next)));
      }
      go_on = false;
    }
    sizes.push_back(size);
  }
  if (go_on) return absl::InvalidArgumentError("after ... the last size is missing");
  return sizes;
}

SimulationOptions ReadSimulationOptions(int argc, char** argv, std::string_view usage) {
  SimulationOptions options;
  SimulationCase simulation;
  simulation.steps = 3;
  simulation.cluster.name = "star";
  simulation.cluster.nic = {.bytes_per_second = 10e9 / 8, .latency = 50e-6 / 2};
  Asked asked;
  core::FlagTable flags = FlagsOf(options, simulation, asked);
  flags.Read(argc, argv, usage);
  if (!asked.cluster.empty()) {
    simulation.cluster = sim::ReadCluster(asked.cluster);
    if (simulation.cluster.name.empty()) {
      simulation.cluster.name = std::filesystem::path(asked.cluster).stem();
    }
    flags.Read(argc, argv, usage);  // Once more, as flags take the place of the file's figures.
  }
  simulation.all_reduce.ranks_per_host = simulation.cluster.ranks_per_host;
  simulation.profile =
      core::ReadProfile(asked.profile.empty() ? ShippedFile(kDefaultProfile) : asked.profile);
  options.cluster = InWords(simulation.cluster);
  std::vector<core::StrategyEntry> chosen;
  for (const std::string& strategy : asked.strategies) {
    simulation.strategy = *core::StrategyNamed(strategy);
    chosen.push_back(*simulation.strategy);
    for (int world_size : asked.world_sizes) {
      simulation.world_size = world_size;
      options.cases.push_back(simulation);
    }
  }
  core::ThrowIfError(core::CheckFlagsApply(chosen, simulation.options));
  if (!options.trace.empty() && options.cases.size() > 1) {
    core::RefuseFlag("trace", options.trace, "one --strategy and one --world-size at a time");
  }
  return options;
}

}  // namespace experiments
