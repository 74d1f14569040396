#include "experiments/simulation/simulation_bottleneck.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace experiments {
namespace {

// Twice the bandwidth of every nic, and no more than before of the racks'.
void DoubleBandwidth(sim::Cluster& cluster) {
  cluster.nic.bytes_per_second *= 2;
  for (sim::HostRange& hosts : cluster.exceptions) hosts.nic.bytes_per_second *= 2;
  cluster.inside_host.bytes_per_second *= 2;
  cluster.oversubscription *= 2;
}

void HalveLatency(sim::Cluster& cluster) {
  cluster.nic.latency /= 2;
  for (sim::HostRange& hosts : cluster.exceptions) hosts.nic.latency /= 2;
  cluster.inside_host.latency /= 2;
  cluster.rack_latency /= 2;
  cluster.send_overhead /= 2;
  cluster.receive_overhead /= 2;
}

// Updates are the workers' own where nobody serves.
void HalveComputing(SimulationCase& simulation, bool serves) {
  core::Profile& profile = simulation.profile;
  profile.forward /= 2;
  profile.pass /= 2;
  for (core::ProfiledGradient& gradient : profile.gradients) gradient.ready /= 2;
  if (!serves) profile.update /= 2;
}

void HalveServing(SimulationCase& simulation) {
  simulation.profile.update /= 2;
  simulation.profile.accumulate_bytes_per_second *= 2;
  simulation.cluster.accumulate_bytes_per_second *= 2;  // 0, for the profile's, stays 0.
}

bool IsDisturbed(const sim::Disturbance& disturbance) {
  return disturbance.jitter > 0 || disturbance.straggler_share > 0 ||
         disturbance.slow_link_share > 0 || disturbance.stagger > 0;
}

// The part of the step that is due to the resource: most remedies halve it, one removes it.
double ShareOf(Resource resource, double gain) {
  return (resource == Resource::kChance ? 1 : 2) * (1 - 1 / gain);
}

double GainOf(const core::SimulationRow& row, const core::SimulationRow& remedied) {
  return remedied.images_per_second / row.images_per_second;
}

std::string Gain(const Remedy& remedy, double gain) {
  return absl::StrFormat("%s would give %.2fx", remedy.name, gain);
}

double BusyOf(Resource resource, const core::SimulationRow& row, double share) {
  const double step = row.step.total.count();
  std::optional<double> measured;
  if (resource == Resource::kLinks) measured = row.link_busy;
  if (resource == Resource::kComputing) measured = row.step.computation.count() / step;
  if (resource == Resource::kServing && row.serve_seconds) measured = *row.serve_seconds / step;
  return std::clamp(measured.value_or(share), 0.0, 1.0);
}

}  // namespace

std::vector<Remedy> RemediesFor(const SimulationCase& simulation) {
  const sim::StrategyCalls calls = CallsOf(simulation);
  // Who sends others messages has others add what is in them.
  const bool serves = calls.step.messages > 0;
  std::vector<Remedy> remedies;
  const auto add = [&](Resource resource, const std::string& resource_name, const char* verb,
                       const std::string& name) -> SimulationCase& {
    remedies.push_back({resource, resource_name, verb, name, simulation});
    return remedies.back().simulation;
  };
  const int servers = calls.roles.servers;
  const std::string owner = servers == 1 ? "server's " : "servers' ";
  if (simulation.strategy->Takes("servers") && servers > 0) {
    SimulationCase& more =
        add(Resource::kServers, "", "",
            absl::StrCat(servers == 1 ? "two" : absl::StrCat(2 * servers), " servers"));
    more.options.server.servers = 2 * servers;
    more.world_size += servers;
  }
  DoubleBandwidth(add(Resource::kLinks, servers > 0 ? owner + "links" : "nics' links", "are busy",
                      "twice the bandwidth")
                      .cluster);
  if (simulation.cluster.hosts_per_rack > 0) {
    add(Resource::kRacks, "racks' links", "are busy", "twice the bandwidth between racks")
        .cluster.oversubscription /= 2;
  }
  HalveLatency(add(Resource::kLatency, "latency", "takes", "half the latency").cluster);
  HalveComputing(add(Resource::kComputing, "workers' computing", "takes",
                     "twice the workers' speed of computing"),
                 serves);
  if (serves) {
    HalveServing(add(Resource::kServing, owner + "computing", "takes",
                     "twice the server's speed of computing"));
  }
  if (IsDisturbed(simulation.cluster.disturbance)) {
    add(Resource::kChance, "stragglers", "cost", "no disturbance").cluster.disturbance = {};
  }
  return remedies;
}

Bottleneck FindBottleneck(const core::SimulationRow& row, const std::vector<Remedy>& remedies,
                          std::span<const core::SimulationRow> rows) {
  std::optional<size_t> servers;
  double chance = 0;
  for (size_t i = 0; i < remedies.size(); ++i) {
    if (remedies[i].resource == Resource::kServers) servers = i;
    if (remedies[i].resource == Resource::kChance) {
      chance = ShareOf(Resource::kChance, GainOf(row, rows[i]));
    }
  }
  std::optional<size_t> most;
  double most_share = 0;
  for (size_t i = 0; i < remedies.size(); ++i) {
    const Resource resource = remedies[i].resource;
    if (resource == Resource::kServers) continue;
    double share = ShareOf(resource, GainOf(row, rows[i]));
    // What stragglers compute longer than others is not the workers' computing's fault.
    if (resource == Resource::kComputing) share -= chance;
    if (most && share <= most_share) continue;
    most = i;
    most_share = share;
  }
  const Resource resource = remedies[*most].resource;
  const double gain = GainOf(row, rows[*most]);
  Bottleneck bottleneck;
  bottleneck.name = remedies[*most].resource_name;
  bottleneck.busy = BusyOf(resource, row, ShareOf(resource, gain));
  std::vector<std::string> gains;
  const bool of_servers = resource == Resource::kLinks || resource == Resource::kServing;
  if (servers && of_servers) gains.push_back(Gain(remedies[*servers], GainOf(row, rows[*servers])));
  gains.push_back(Gain(remedies[*most], gain));
  bottleneck.sentence =
      absl::StrFormat("%s %s %.0f %% of a step: %s", bottleneck.name, remedies[*most].verb,
                      100 * bottleneck.busy, absl::StrJoin(gains, ", "));
  return bottleneck;
}

}  // namespace experiments
