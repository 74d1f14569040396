#ifndef EXPERIMENTS_SIMULATION_SIMULATION_OPTIONS_H_
#define EXPERIMENTS_SIMULATION_SIMULATION_OPTIONS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "experiments/simulation/simulation_case.h"

namespace experiments {

// World sizes as people list them: "2,4,16", and "2,4,...,65536" for all between, each as many
// times the one before as the second is of the first.
absl::StatusOr<std::vector<int>> ParseWorldSizes(const std::string& text);

// What the program `simulate` was asked for by its flags.
struct SimulationOptions {
  std::vector<SimulationCase> cases;  // By strategy, then world size.
  std::string cluster;                // In words.
  std::string output;
  std::string trace;
  bool bottleneck = true;
  int processes = 1;
};

// From the program's command line. Throws core::Error in one line that names the flag, or file and
// key, for what cannot be meant.
SimulationOptions ReadSimulationOptions(int argc, char** argv, std::string_view usage);

}  // namespace experiments

#endif  // EXPERIMENTS_SIMULATION_SIMULATION_OPTIONS_H_
