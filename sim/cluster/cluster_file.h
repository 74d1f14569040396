#ifndef SIM_CLUSTER_CLUSTER_FILE_H_
#define SIM_CLUSTER_CLUSTER_FILE_H_

#include <string>

#include "sim/cluster/cluster.h"

namespace sim {

// Reads the description of a cluster: a JSON object with the keys below, figures with units (see
// sim/cluster/units.h) as texts. Only `nic` is needed. Throws core::Error in one line that names file and
// key for what is missing, unknown, out of range or ambiguous.
//
//   name                        a text
//   nic                         each host's network interface card
//     bandwidth                   each way: "25Gbps"
//     latency                     half of that between two hosts of a star: "25us"
//     burst                       passes at once after idle time, as through a rate limiter: "0B"
//   hosts                       a list of those whose nics differ
//     first, last                 hosts, from 0
//     bandwidth, latency, burst   as of nic
//   ranks_per_host              1
//   inside_host                 links of each rank to its host's switch, if ranks_per_host > 1
//     bandwidth, latency          as of nic
//   racks                       none: one switch for all
//     hosts                       in a rack
//     oversubscription            a rack's hosts have so many times the bandwidth of its links: 1
//     latency                     of a rack's link: "0s"
//   shared_cores                hosts are virtual, on one machine; without racks: none
//     count                       cores that they share
//     byte                        a core's time for it, sender and receiver together: "0.7ns"
//   message
//     send_overhead               before a message leaves its sender: "0s"
//     receive_overhead            after its last byte arrived: "0s"
//     eager_size                  messages up to it start before their receiver is there: "0B"
//   incast                      loss of goodput where many flows arrive at a nic; none
//     flows                       that arrive without loss
//     floor                       share of bandwidth that is left with infinitely many; with n
//                                 flows it is floor + (1 − floor) · flows / n
//   accumulate_rate             at which a server adds a gradient to a sum; the profile's
//   disturbance                 none
//     seed                        0
//     jitter                      standard deviation of log(computing time / usual), per step: 0
//     straggler_share             of ranks, 0 to 1: 0
//     straggler_factor            a straggler computes so many times as long: 1
//     slow_link_share             of hosts, 0 to 1: 0
//     slow_link_factor            by which a slow host's bandwidth is divided: 1
//     stagger                     rank r computes r times this longer: "0s"
Cluster ReadCluster(const std::string& path);

}  // namespace sim

#endif  // SIM_CLUSTER_CLUSTER_FILE_H_
