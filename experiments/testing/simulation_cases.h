#ifndef EXPERIMENTS_TESTING_SIMULATION_CASES_H_
#define EXPERIMENTS_TESTING_SIMULATION_CASES_H_

#include <string>

#include "experiments/simulation/simulation_case.h"

namespace experiments::testing {

// On a star of 10 Gbit/s, with a model of one gradient.
SimulationCase CaseOf(const std::string& strategy, int world_size);

// With ResNet-50 as it was measured, a file that the test has to have among its data.
SimulationCase ResNet(const std::string& strategy, int world_size);

}  // namespace experiments::testing

#endif  // EXPERIMENTS_TESTING_SIMULATION_CASES_H_
