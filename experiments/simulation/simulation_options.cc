#include "experiments/simulation/simulation_options.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/error.h"
#include "core/base/user_path.h"
#include "experiments/common/flag_checks.h"
#include "experiments/common/runfiles.h"
#include "sim/cluster/cluster_file.h"
#include "sim/cluster/units.h"

ABSL_FLAG(std::string, strategy, "parameter_server",
          absl::StrCat("one of ", absl::StrJoin(core::StrategyNames(), ", "),
                       ", or several: ddp,parameter_server"));
ABSL_FLAG(std::string, world_size, "2,4,8,16,32,64",
          "ranks, servers included: a list, in which ... continues: 2,4,...,65536");
ABSL_FLAG(std::string, cluster, "", "JSON description of the cluster; default: a star");
ABSL_FLAG(std::string, bandwidth, "",
          "of each network nic, each way, such as 10Gbps; default: the cluster's, or 10Gbps");
ABSL_FLAG(std::string, latency, "",
          "between two hosts of a star, such as 50us; default: the cluster's, or 50us");
ABSL_FLAG(std::string, profile, "",
          "JSON profile of what a step costs; default: one that was measured");
ABSL_FLAG(int, servers, 1, "ranks that serve, which share the model evenly");
ABSL_FLAG(bool, colocated, false, "servers on all ranks: each trains and serves its share");
ABSL_FLAG(double, bucket_mb, 25.0,
          "MiB of gradients that travel together, where they go bucket by bucket");
ABSL_FLAG(std::string, collectives, "auto",
          "messages (every one), formula (closed forms), or auto: messages while they are few");
ABSL_FLAG(
    std::string, algorithm, "segmented_ring",
    "of an all-reduce: segmented_ring (as Gloo's own), ring, halving_doubling, double_tree or "
    "direct_exchange (as the trainer's over Gloo)");
ABSL_FLAG(int, steps, 3, "steps that are simulated");
ABSL_FLAG(std::string, jitter, "",
          "standard deviation of the log of computing times; default: the cluster's, or 0");
ABSL_FLAG(std::string, straggler_share, "", "of ranks; default: the cluster's, or 0");
ABSL_FLAG(std::string, straggler_factor, "",
          "a straggler computes so many times as long; default: the cluster's, or 1");
ABSL_FLAG(std::string, slow_link_share, "", "of hosts; default: the cluster's, or 0");
ABSL_FLAG(std::string, slow_link_factor, "",
          "by which a slow host's bandwidth is divided; default: the cluster's, or 1");
ABSL_FLAG(std::string, seed, "",
          "of jitter, stragglers and slow links; default: the cluster's, or 0");
ABSL_FLAG(std::string, output, "",
          "write the rows to this JSON file, too; the report shows results/simulated.json");
ABSL_FLAG(std::string, trace, "",
          "write a Chrome trace to this file (see Perfetto); for one world size");
ABSL_FLAG(bool, bottleneck, true, "find the bottleneck, by simulating remedies");
ABSL_FLAG(int, processes, 0, "simulations at a time; default: as many as there are cores");

namespace experiments {
namespace {

constexpr int kWorldSizeMax = 1 << 24;
constexpr char kDefaultProfile[] = "experiments/profiles/resnet50_64px_batch16_float32.json";

template <class T>
T ValueOf(std::string_view flag, const std::string& text, const absl::StatusOr<T>& value) {
  if (!value.ok()) RefuseFlag(flag, text, std::string(value.status().message()));
  return *value;
}

// A flag that may take the place of a figure of the cluster's.
struct Override {
  std::string_view flag;
  std::string text;
  double least;
  double most;
};

void Apply(const Override& flag, double& field) {
  if (flag.text.empty()) return;
  double value = 0;
  if (!absl::SimpleAtod(flag.text, &value)) RefuseFlag(flag.flag, flag.text, "is no number");
  InRange(flag.flag, value, flag.least, flag.most);
  field = value;
}

void ApplyDisturbance(sim::Disturbance& disturbance) {
  Apply({"jitter", absl::GetFlag(FLAGS_jitter), 0, 10}, disturbance.jitter);
  Apply({"straggler_share", absl::GetFlag(FLAGS_straggler_share), 0, 1},
        disturbance.straggler_share);
  Apply({"straggler_factor", absl::GetFlag(FLAGS_straggler_factor), 1e-3, 1e6},
        disturbance.straggler_factor);
  Apply({"slow_link_share", absl::GetFlag(FLAGS_slow_link_share), 0, 1},
        disturbance.slow_link_share);
  Apply({"slow_link_factor", absl::GetFlag(FLAGS_slow_link_factor), 1e-3, 1e6},
        disturbance.slow_link_factor);
  const std::string seed = absl::GetFlag(FLAGS_seed);
  if (!seed.empty() && !absl::SimpleAtoi(seed, &disturbance.seed)) {
    RefuseFlag("seed", seed, "must be a whole number from 0 to 18446744073709551615");
  }
}

sim::Cluster ClusterFromFlags() {
  sim::Cluster cluster;
  cluster.name = "star";
  cluster.nic = {.bytes_per_second = 10e9 / 8, .latency = 50e-6 / 2};
  const std::string file = absl::GetFlag(FLAGS_cluster);
  if (!file.empty()) cluster = sim::ReadCluster(core::UserPath(file));
  if (cluster.name.empty()) cluster.name = std::filesystem::path(file).stem();
  if (const std::string text = absl::GetFlag(FLAGS_bandwidth); !text.empty()) {
    cluster.nic.bytes_per_second = ValueOf("bandwidth", text, sim::ParseBandwidth(text));
  }
  if (const std::string text = absl::GetFlag(FLAGS_latency); !text.empty()) {
    cluster.nic.latency = ValueOf("latency", text, sim::ParseDuration(text)) / 2;
  }
  ApplyDisturbance(cluster.disturbance);
  return cluster;
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

// What all cases have in common.
SimulationCase BaseCase() {
  SimulationCase base;
  base.cluster = ClusterFromFlags();
  const std::string profile = absl::GetFlag(FLAGS_profile);
  base.profile =
      core::ReadProfile(profile.empty() ? ShippedFile(kDefaultProfile) : core::UserPath(profile));
  base.options.server.servers = absl::GetFlag(FLAGS_servers);
  base.options.server.colocated = absl::GetFlag(FLAGS_colocated);
  InRange("servers", base.options.server.servers, 1, kWorldSizeMax);
  const double bucket = absl::GetFlag(FLAGS_bucket_mb);
  InRange("bucket_mb", bucket, 1e-6, 1e6);
  base.options.buckets.bytes = std::max<int64_t>(1, std::llround(bucket * (1 << 20)));
  base.steps = absl::GetFlag(FLAGS_steps);
  InRange("steps", base.steps, 1, 1'000'000);
  const std::string algorithm = absl::GetFlag(FLAGS_algorithm);
  base.all_reduce = {
      .algorithm = ValueOf("algorithm", algorithm, core::AllReduceAlgorithmNamed(algorithm)),
      .ranks_per_host = base.cluster.ranks_per_host};
  const std::string collectives = absl::GetFlag(FLAGS_collectives);
  for (SimulationMethod method :
       {SimulationMethod::kAutomatic, SimulationMethod::kMessages, SimulationMethod::kFormula}) {
    if (Name(method) == collectives) {
      base.method = method;
      return base;
    }
  }
  RefuseFlag("collectives", collectives, "one of messages, formula, auto");
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

SimulationOptions SimulationOptionsFromFlags() {
  SimulationOptions options;
  SimulationCase simulation = BaseCase();
  options.cluster = InWords(simulation.cluster);
  options.output = core::UserPath(absl::GetFlag(FLAGS_output));
  options.trace = core::UserPath(absl::GetFlag(FLAGS_trace));
  options.bottleneck = absl::GetFlag(FLAGS_bottleneck);
  options.processes = absl::GetFlag(FLAGS_processes);
  InRange("processes", options.processes, 0, 1024);
  if (options.processes == 0) {
    options.processes = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  }
  const std::string sizes = absl::GetFlag(FLAGS_world_size);
  const std::vector<int> world_sizes = ValueOf("world_size", sizes, ParseWorldSizes(sizes));
  std::vector<core::StrategyEntry> chosen;
  const std::string strategies = absl::GetFlag(FLAGS_strategy);
  for (absl::string_view strategy : absl::StrSplit(strategies, ',')) {
    CheckName("strategy", std::string(strategy), core::StrategyNames());
    simulation.strategy = *core::StrategyNamed(std::string(strategy));
    chosen.push_back(*simulation.strategy);
    for (int world_size : world_sizes) {
      simulation.world_size = world_size;
      options.cases.push_back(simulation);
    }
  }
  core::ThrowIfError(core::CheckFlagsApply(chosen, simulation.options));
  if (!options.trace.empty() && options.cases.size() > 1) {
    RefuseFlag("trace", options.trace, "one --strategy and one --world-size at a time");
  }
  return options;
}

}  // namespace experiments
