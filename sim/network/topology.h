#ifndef SIM_NETWORK_TOPOLOGY_H_
#define SIM_NETWORK_TOPOLOGY_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/cluster/cluster.h"
#include "sim/network/fair_sharing.h"

namespace sim {

// The way of a message.
struct Path {
  std::array<uint32_t, 4> links{};
  int length = 0;
  double latency = 0;  // Seconds.

  std::span<const uint32_t> view() const { return {links.data(), static_cast<size_t>(length)}; }
  void Add(uint32_t link) { links[static_cast<size_t>(length++)] = link; }
};

// The links of a cluster, and which of them messages between ranks cross.
class Topology {
 public:
  // Adds the links of as many hosts as `ranks` need to `sharing`, which has none yet.
  Topology(const Cluster& cluster, int ranks, FairSharing& sharing);

  int ranks() const { return ranks_; }
  // Of the path between any two ranks.
  static uint32_t PathLinksMax(const Cluster& cluster) {
    return cluster.hosts_per_rack > 0 || cluster.shared_cores.any() ? 4 : 2;
  }
  // No links from a rank to itself.
  Path PathBetween(int from, int to) const;
  // Where hosts share cores: the links that the overhead of a rank's message takes.
  Path OverheadPath(int rank, bool receives) const;
  // Bytes that the link lets through at once after it was idle (see TokenBuckets).
  double BurstOf(uint32_t link) const;
  // Whether it stands for cores.
  bool IsCore(uint32_t link) const { return link >= first_core_; }
  bool HasBursts() const;
  // By link: how many messages cross it when everybody sends one to everybody.
  std::vector<double> AllPairsLoad() const;
  // "host 3's up-link": up is away from the host, or from the rack.
  std::string LinkName(uint32_t link) const;

 private:
  int HostOf(int rank) const { return rank / cluster_.ranks_per_host; }
  int RackOf(int host) const {
    return cluster_.hosts_per_rack ? host / cluster_.hosts_per_rack : 0;
  }
  const LinkModel& CardOf(int host) const;
  uint32_t AllCores() const { return first_core_ + 2 * static_cast<uint32_t>(ranks_); }

  const Cluster& cluster_;
  const int ranks_;
  const int hosts_;
  const int racks_;          // 0 if there is one switch for all.
  uint32_t first_core_ = 0;  // A link's number, whether there are any or not.
};

}  // namespace sim

#endif  // SIM_NETWORK_TOPOLOGY_H_
