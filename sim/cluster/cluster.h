#ifndef SIM_CLUSTER_CLUSTER_H_
#define SIM_CLUSTER_CLUSTER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/cluster/incast.h"

namespace sim {

// A link pair, one link each way.
struct LinkModel {
  double bytes_per_second = 0;  // Each way.
  double latency = 0;           // Seconds.
  double burst = 0;             // Bytes that pass at once after the link was idle; of nics only.
};

// Hosts `first` to `last` whose nics differ from the others'.
struct HostRange {
  int first = 0;
  int last = 0;
  LinkModel nic;
};

// What happens to ranks and hosts by chance: a function of the seed.
struct Disturbance {
  uint64_t seed = 0;
  double jitter = 0;            // Sigma of log(computing time / usual), drawn per rank and step.
  double straggler_share = 0;   // Of ranks.
  double straggler_factor = 1;  // A straggler computes so many times as long.
  double slow_link_share = 0;   // Of hosts.
  double slow_link_factor = 1;  // A slow host's nic has the bandwidth divided by this.
  double stagger = 0;           // Seconds by which rank r computes r times longer.
};

// The cores of one machine on which all hosts, virtual ones, run. Messages between hosts take the
// cores' time: their bytes, and their overheads, of which a rank has one to send and one to receive
// at a time.
struct SharedCores {
  double count = 0;
  double seconds_per_byte = 0;  // Of a core, at sender and receiver together.

  // If not, every host has all the cores it needs.
  bool any() const { return count > 0 && seconds_per_byte > 0; }
  // The cores' time is counted in bytes that take as long.
  double bytes_per_second() const { return count / seconds_per_byte; }
  double BytesOf(double seconds) const { return seconds / seconds_per_byte; }
};

// The machines that a simulated run has. Ranks fill hosts in order, hosts fill racks in order.
//
// The latency of a path is the sum of its links': between hosts both nics' and, from rack to rack,
// that of the racks' links; inside a host that of its inner links.
struct Cluster {
  std::string name;
  LinkModel nic;  // Of each host.
  std::vector<HostRange> exceptions;
  int ranks_per_host = 1;
  LinkModel inside_host;        // Of each rank to its host's switch; if ranks_per_host > 1.
  int hosts_per_rack = 0;       // 0: one switch for all.
  double oversubscription = 1;  // A rack's hosts have so many times the bandwidth of its links.
  double rack_latency = 0;      // Seconds, of a rack's link.

  SharedCores shared_cores;

  double send_overhead = 0;     // Seconds before a message leaves its sender.
  double receive_overhead = 0;  // Seconds after its last byte arrived.
  // Messages up to this size start when they are sent; larger ones when the receiver is there too.
  double eager_bytes = 0;
  Incast incast;  // On nics' links to the host.

  double accumulate_bytes_per_second = 0;  // Of a server that sums gradients; 0: the profile's.
  Disturbance disturbance;

  // Bytes per second at which a rank adds one vector to another, where a profile has this figure.
  double AddRate(double profiled) const {
    return accumulate_bytes_per_second > 0 ? accumulate_bytes_per_second : profiled;
  }
};

}  // namespace sim

#endif  // SIM_CLUSTER_CLUSTER_H_
