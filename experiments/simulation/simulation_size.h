#ifndef EXPERIMENTS_SIMULATION_SIMULATION_SIZE_H_
#define EXPERIMENTS_SIMULATION_SIMULATION_SIZE_H_

#include "experiments/simulation/simulation_case.h"

namespace experiments {

// What simulating a case would take, roughly: to choose a method, and to refuse what memory cannot
// hold before it starts.
struct SimulationSize {
  double messages = 0;      // Of all steps.
  double memory_bytes = 0;  // At most, and no more than some times what it turns out to be.
  double cost = 0;          // Of simulating it, compared with others.
};
SimulationSize SizeOf(const SimulationCase& simulation, SimulationMethod method);

// What kAutomatic comes to with at most `messages_max` messages; any other method is itself. Throws
// core::Error where no method serves.
SimulationMethod MethodFor(const SimulationCase& simulation, double messages_max);

}  // namespace experiments

#endif  // EXPERIMENTS_SIMULATION_SIMULATION_SIZE_H_
