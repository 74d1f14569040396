#ifndef ANALYSIS_DATA_SIMULATED_ROW_H_
#define ANALYSIS_DATA_SIMULATED_ROW_H_

#include <string>
#include <vector>

namespace analysis {

// What the simulator says of one run: the figures that a measured run has, too.
struct SimulatedRow {
  std::string strategy;
  int training_ranks = 0;
  int server_ranks = 0;
  double images_per_second = 0;  // Of all ranks.
  double step_seconds = 0;
  double communication_seconds = 0;
  double exposed_seconds = 0;
};

// The rows of a file that the program `simulate` wrote. Throws core::Error, which names file and
// key.
std::vector<SimulatedRow> ReadSimulatedRows(const std::string& path);

}  // namespace analysis

#endif  // ANALYSIS_DATA_SIMULATED_ROW_H_
