#ifndef EXPERIMENTS_SIMULATION_SIMULATION_RUN_H_
#define EXPERIMENTS_SIMULATION_SIMULATION_RUN_H_

#include <vector>

#include "core/records/simulation_row.h"
#include "experiments/common/finished_parts.h"
#include "experiments/simulation/simulation_case.h"
#include "experiments/simulation/simulation_size.h"

namespace experiments {

// Most messages of a run that are simulated one by one unless asked for: some seconds.
inline constexpr double kMessagesMax = 1e7;

// Runs one case. Throws core::Error.
core::SimulationRow RunSimulation(const SimulationCase& simulation, double messages_max);

// Runs cases, each in a process of its own, so many at a time as there may be `processes` and as
// memory holds; a terminal shows which are done. Rows are in the order of the cases. Throws
// core::Error, before any runs if it is that memory cannot hold one. With `parts`, those that are
// done there are not run again, and the others are added, named by their numbers.
std::vector<core::SimulationRow> RunSimulations(const std::vector<SimulationCase>& cases,
                                                double messages_max, int processes,
                                                FinishedParts* parts = nullptr);

// Throws core::Error if this machine's free memory cannot hold the case.
SimulationSize CheckMemory(const SimulationCase& simulation, double messages_max);

}  // namespace experiments

#endif  // EXPERIMENTS_SIMULATION_SIMULATION_RUN_H_
