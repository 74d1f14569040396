#include "experiments/simulation/simulation_closed_form.h"

#include <algorithm>

namespace experiments {
namespace {

// What a phase moves in which all workers exchange the model with all servers, one way.
struct Phase {
  double worker_bytes = 0;   // Over a worker's nic.
  double server_bytes = 0;   // Over a server's nic, for each worker that it hears of.
  double workers = 0;        // That a server hears of.
  double workers_added = 0;  // Whose gradients a server adds to the first.
  double shards = 0;
};

Phase PhaseOf(const SimulationCase& simulation, const RankCounts& ranks) {
  const double bytes = 4.0 * static_cast<double>(simulation.profile.parameters);
  if (simulation.options.server.colocated) {
    const double size = simulation.world_size;
    return {bytes * (size - 1) / size, bytes / size, size - 1, size - 1, size};
  }
  const double workers = ranks.workers;
  return {bytes, bytes / ranks.servers, workers, workers - 1, double(ranks.servers)};
}

}  // namespace

std::string WhyNoClosedForm(const SimulationCase& simulation) {
  const sim::Cluster& cluster = simulation.cluster;
  const sim::Disturbance& disturbance = cluster.disturbance;
  if (simulation.strategy != "parameter_server") return "there is none of " + simulation.strategy;
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

ServerStep ClosedForm(const SimulationCase& simulation) {
  const RankCounts ranks = CountRanks(simulation);
  const sim::Cluster& cluster = simulation.cluster;
  const core::Profile& profile = simulation.profile;
  const double bandwidth = cluster.nic.bytes_per_second;
  const double latency = 2 * cluster.nic.latency + cluster.send_overhead + cluster.receive_overhead;
  const double rate = cluster.accumulate_bytes_per_second > 0 ? cluster.accumulate_bytes_per_second
                                                              : profile.accumulate_bytes_per_second;
  const Phase phase = PhaseOf(simulation, ranks);
  const double worker = phase.worker_bytes / bandwidth;
  const double server = phase.workers * phase.server_bytes / bandwidth;
  const double together = std::max(worker, server);

  ServerStep step;
  step.pull = latency + together;
  step.compute = profile.pass;
  step.push = latency + together;
  step.serve = phase.workers_added * phase.server_bytes / rate + profile.update / phase.shards;
  const sim::Disturbance& disturbance = cluster.disturbance;
  const double stragglers = disturbance.straggler_share * ranks.workers;
  if (stragglers > 0 && disturbance.straggler_factor > 1) {
    // A server's link is busy from the first push on, or again when the stragglers begin.
    const double late = (disturbance.straggler_factor - 1) * profile.pass;
    const double alone = std::max(worker, disturbance.straggler_share * server);
    step.push = latency + std::max(together, late + alone);
    // Among so many servers one is a straggler, too, and the step waits for it.
    if (disturbance.straggler_share * phase.shards >= 1) {
      step.serve *= disturbance.straggler_factor;
    }
  }
  return step;
}

}  // namespace experiments
