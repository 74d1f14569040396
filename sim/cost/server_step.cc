#include "sim/cost/server_step.h"

#include <algorithm>

namespace sim {

std::string WhyNoClosedForm(const Cluster& cluster) {
  const Disturbance& disturbance = cluster.disturbance;
  if (!cluster.exceptions.empty()) return "it knows no hosts that differ";
  if (cluster.ranks_per_host > 1) return "it knows no hosts of several ranks";
  if (cluster.hosts_per_rack > 0) return "it knows no racks";
  if (cluster.incast.flows > 0) return "it knows no incast";
  if (disturbance.jitter > 0) return "it knows no jitter";
  if (disturbance.stagger > 0) return "it knows no stagger";
  if (disturbance.slow_link_share > 0) return "it knows no slow links";
  if (disturbance.straggler_share > 0 && disturbance.straggler_factor < 1) {
    return "it knows no ranks that are faster than others";
  }
  return "";
}

ServerStep ClosedForm(const Cluster& cluster, const core::Profile& profile, core::Roles roles) {
  // Those that each rank has to do with, and that serve at all.
  const double workers = roles.servers > 0 ? roles.workers : roles.workers - 1;
  const double shards = roles.servers > 0 ? roles.servers : roles.workers;
  const double sums = roles.workers - 1;  // Of gradients, on a server.
  const double bandwidth = cluster.nic.bytes_per_second;
  const double latency = 2 * cluster.nic.latency + cluster.send_overhead + cluster.receive_overhead;
  const double rate = cluster.AddRate(profile.accumulate_bytes_per_second);
  const double bytes = 4.0 * static_cast<double>(profile.parameters) / shards;
  const double worker = (roles.servers > 0 ? shards : shards - 1) * bytes / bandwidth;
  const double server = workers * bytes / bandwidth;
  const double together = std::max(worker, server);

  ServerStep step;
  step.pull = latency + together;
  step.compute = profile.pass;
  step.push = latency + together;
  step.serve = sums * bytes / rate + profile.update / shards;
  const Disturbance& disturbance = cluster.disturbance;
  const double stragglers = disturbance.straggler_share * roles.workers;
  if (stragglers > 0 && disturbance.straggler_factor > 1) {
    // A server's link is busy from the first push on, or again when the stragglers begin.
    const double late = (disturbance.straggler_factor - 1) * profile.pass;
    const double alone = std::max(worker, disturbance.straggler_share * server);
    step.push = latency + std::max(together, late + alone);
    // Among so many servers one is a straggler, too, and the step waits for it.
    if (disturbance.straggler_share * shards >= 1) {
      step.serve *= disturbance.straggler_factor;
    }
  }
  return step;
}

}  // namespace sim
