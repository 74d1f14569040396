#ifndef SIM_COST_SERVER_STEP_H_
#define SIM_COST_SERVER_STEP_H_

#include <string>

#include "core/records/profile.h"
#include "core/strategy.h"
#include "sim/cluster/cluster.h"

namespace sim {

// One step with parameter servers, seconds. The parts come one after the other.
struct ServerStep {
  double pull = 0;     // Until the last worker has the parameters.
  double compute = 0;  // Forward and backward of a worker that is no straggler.
  double push = 0;     // From then until the servers have the last gradient, stragglers' included.
  double serve = 0;    // Adding the gradients that came last, and the update.

  double total() const { return pull + compute + push + serve; }
};

// Why ClosedForm does not serve; empty if it does.
std::string WhyNoClosedForm(const Cluster& cluster);

// Of a strategy whose steps are pull, compute, push, as StrategyEntry::pulls_then_pushes says. With
// M bytes of gradients, W workers, S servers, nics of B bytes/s, latency L of a path,
// computing time C, update U and R bytes/s of adding, messages to all servers at once:
//   pull L + max(M/B, W·M/(S·B))   compute C   push as pull   serve (W − 1)·M/(S·R) + U/S
// Colocated servers keep a share of M/N on each of N ranks, which N − 1 others pull and push:
//   pull L + (N − 1)/N·M/B         compute C   push as pull   serve (N − 1)·M/(N·R) + U/N
// Exact where there are no stragglers. With them (a share of the workers computes some times as
// long) an estimate: they push after the others have begun to, and share the servers' links with
// what is left of theirs.
ServerStep ClosedForm(const Cluster& cluster, const core::Profile& profile, core::Roles roles);

}  // namespace sim

#endif  // SIM_COST_SERVER_STEP_H_
