#ifndef EXPERIMENTS_SIMULATION_SIMULATION_BOTTLENECK_H_
#define EXPERIMENTS_SIMULATION_SIMULATION_BOTTLENECK_H_

#include <span>
#include <string>
#include <vector>

#include "core/records/simulation_row.h"
#include "experiments/simulation/simulation_case.h"

namespace experiments {

// What of a run may hold it up.
enum class Resource { kLinks, kRacks, kLatency, kComputing, kServing, kChance, kServers };

// The run again, with more of one resource.
struct Remedy {
  Resource resource;
  std::string resource_name;  // "server's links".
  const char* verb;           // Of that: "are busy".
  std::string name;           // "two servers", "twice the bandwidth".
  SimulationCase simulation;
};

// One for each resource that the run has.
std::vector<Remedy> RemediesFor(const SimulationCase& simulation);

// The resource whose remedy, simulated, takes most off the step: that is the bottleneck, whatever
// utilizations may suggest.
struct Bottleneck {
  std::string name;      // "server's links".
  double busy = 0;       // Share of the step.
  std::string sentence;  // "server's links are busy 97 % of a step: two servers would give 1.93x"
};

// `rows` are what the remedies gave, in their order.
Bottleneck FindBottleneck(const core::SimulationRow& row, const std::vector<Remedy>& remedies,
                          std::span<const core::SimulationRow> rows);

}  // namespace experiments

#endif  // EXPERIMENTS_SIMULATION_SIMULATION_BOTTLENECK_H_
