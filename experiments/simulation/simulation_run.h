#ifndef EXPERIMENTS_SIMULATION_SIMULATION_RUN_H_
#define EXPERIMENTS_SIMULATION_SIMULATION_RUN_H_

#include <string>

#include "experiments/common/job_pool.h"
#include "experiments/simulation/simulation_case.h"
#include "experiments/simulation/simulation_row.h"

namespace experiments {

// Most messages of a run that are simulated one by one unless asked for: some seconds.
inline constexpr double kMessagesMax = 1e7;

// Runs one case. With `trace` not empty writes there what the recorded ranks did, as a Chrome
// trace. Throws core::Error.
SimulationRow RunSimulation(const SimulationCase& simulation, double messages_max,
                            const std::string& trace);

// The same as a job, whose result is the row as JSON.
Job SimulationJob(const SimulationCase& simulation, double messages_max, const std::string& trace);

// Throws core::Error if this machine's free memory cannot hold the case.
void CheckMemory(const SimulationCase& simulation, double messages_max);

// Bytes that programs can still have.
double FreeMemoryBytes();

}  // namespace experiments

#endif  // EXPERIMENTS_SIMULATION_SIMULATION_RUN_H_
