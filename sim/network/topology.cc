#include "sim/network/topology.h"

#include <algorithm>
#include <limits>

#include "sim/cluster/counter_random.h"

namespace sim {
namespace {

int CeilingOfRatio(int dividend, int divisor) { return (dividend + divisor - 1) / divisor; }

}  // namespace

// Links: up and down of each host, then of each rack, then of each rank inside its host; then,
// where hosts share cores, one core for what each rank sends and one for what it receives, and all
// cores.
Topology::Topology(const Cluster& cluster, int ranks, FairSharing& sharing)
    : cluster_(cluster),
      ranks_(ranks),
      hosts_(CeilingOfRatio(ranks, cluster.ranks_per_host)),
      racks_(cluster.hosts_per_rack ? CeilingOfRatio(hosts_, cluster.hosts_per_rack) : 0) {
  const Disturbance& disturbance = cluster.disturbance;
  const int inner = cluster.ranks_per_host > 1 ? ranks : 0;
  for (int host = 0; host < hosts_; ++host) {
    double bandwidth = CardOf(host).bytes_per_second;
    if (CounterRandom(disturbance.seed, Draw::kSlowLink, host).Uniform() <
        disturbance.slow_link_share) {
      bandwidth /= disturbance.slow_link_factor;
    }
    sharing.AddLink(bandwidth);
    sharing.AddLink(bandwidth, cluster.incast.flows > 0);
  }
  for (int rack = 0; rack < racks_; ++rack) {
    const double bandwidth =
        cluster.hosts_per_rack * cluster.nic.bytes_per_second / cluster.oversubscription;
    sharing.AddLink(bandwidth);
    sharing.AddLink(bandwidth);
  }
  for (int i = 0; i < 2 * inner; ++i) sharing.AddLink(cluster.inside_host.bytes_per_second);
  first_core_ = static_cast<uint32_t>(sharing.link_count());
  const SharedCores& cores = cluster.shared_cores;
  if (!cores.any()) return;
  for (int i = 0; i < 2 * ranks; ++i) sharing.AddLink(cores.BytesOf(1));
  sharing.AddLink(cores.bytes_per_second());
}

const LinkModel& Topology::CardOf(int host) const {
  for (const HostRange& range : cluster_.exceptions) {
    if (range.first <= host && host <= range.last) return range.nic;
  }
  return cluster_.nic;
}

double Topology::BurstOf(uint32_t link) const {
  if (link >= first_core_) return std::numeric_limits<double>::infinity();
  const int host = static_cast<int>(link / 2);
  return host < hosts_ ? CardOf(host).burst : 0;
}

bool Topology::HasBursts() const {
  const auto& exceptions = cluster_.exceptions;
  return cluster_.nic.burst > 0 ||
         std::any_of(exceptions.begin(), exceptions.end(),
                     [](const HostRange& range) { return range.nic.burst > 0; });
}

Path Topology::PathBetween(int from, int to) const {
  const int source = HostOf(from);
  const int target = HostOf(to);
  Path path;
  if (from == to) return path;
  const auto add = [&path](int pair, bool down) {
    path.Add(static_cast<uint32_t>(2 * pair + (down ? 1 : 0)));
  };
  if (source == target) {
    add(hosts_ + racks_ + from, false);
    add(hosts_ + racks_ + to, true);
    path.latency = 2 * cluster_.inside_host.latency;
    return path;
  }
  add(source, false);
  path.latency = CardOf(source).latency + CardOf(target).latency;
  if (racks_ && RackOf(source) != RackOf(target)) {
    add(hosts_ + RackOf(source), false);
    add(hosts_ + RackOf(target), true);
    path.latency += 2 * cluster_.rack_latency;
  }
  if (cluster_.shared_cores.any()) path.Add(AllCores());
  add(target, true);
  return path;
}

Path Topology::OverheadPath(int rank, bool receives) const {
  Path path;
  path.Add(first_core_ + 2 * static_cast<uint32_t>(rank) + (receives ? 1 : 0));
  path.Add(AllCores());
  return path;
}

std::vector<double> Topology::AllPairsLoad() const {
  const int rack_ranks = cluster_.hosts_per_rack * cluster_.ranks_per_host;
  // Of the ranks in groups of `length`, how many are in group `index`.
  const auto members = [this](int index, int length) {
    return std::min(ranks_, (index + 1) * length) - index * length;
  };
  std::vector<double> load;
  const auto add = [&load](double messages) { load.insert(load.end(), 2, messages); };
  for (int host = 0; host < hosts_; ++host) {
    const double inside = members(host, cluster_.ranks_per_host);
    add(inside * (ranks_ - inside));
  }
  for (int rack = 0; rack < racks_; ++rack) {
    const double inside = members(rack, rack_ranks);
    add(inside * (ranks_ - inside));
  }
  for (int rank = 0; cluster_.ranks_per_host > 1 && rank < ranks_; ++rank) {
    add(members(HostOf(rank), cluster_.ranks_per_host) - 1);
  }
  if (cluster_.shared_cores.any()) {
    double between_hosts = 0;
    for (int host = 0; host < hosts_; ++host) between_hosts += load[static_cast<size_t>(2 * host)];
    load.resize(AllCores(), 0);
    load.push_back(between_hosts);
  }
  return load;
}

std::string Topology::LinkName(uint32_t link) const {
  if (link >= first_core_) {
    if (link == AllCores()) return "the hosts' cores";
    return "the core with which rank " + std::to_string((link - first_core_) / 2) +
           ((link - first_core_) % 2 ? " receives" : " sends");
  }
  const int pair = static_cast<int>(link / 2);
  const std::string direction = link % 2 ? "down-link" : "up-link";
  if (pair < hosts_) return "host " + std::to_string(pair) + "'s " + direction;
  if (pair < hosts_ + racks_) return "rack " + std::to_string(pair - hosts_) + "'s " + direction;
  return "rank " + std::to_string(pair - hosts_ - racks_) + "'s " + direction + " inside its host";
}

}  // namespace sim
