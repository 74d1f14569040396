#ifndef EXPERIMENTS_SIMULATION_PS_SCALING_STUDY_H_
#define EXPERIMENTS_SIMULATION_PS_SCALING_STUDY_H_

#include <string>
#include <vector>

#include "experiments/simulation/simulation_case.h"

namespace experiments {

// What the study asks of the simulator. Every point is one step of all workers.
struct StudyOptions {
  std::vector<core::Profile> profiles;
  int workers_max = 65536;
  int plain_workers_max = 1 << 20;  // Of one server, without stragglers.
  bool few = false;                 // A point here and there, for a test.
};

// One point of the study.
struct StudyPoint {
  size_t profile = 0;
  std::string variant;  // "parameter_server, 4 servers", and what is different about others.
  double gigabits_per_second = 0;
  SimulationCase simulation;
};

// Every variant at every bandwidth for 1, 2, 4, ... workers, without stragglers and with; with them
// among more than 4,096 workers only where every message is simulated.
std::vector<StudyPoint> StudyPoints(const StudyOptions& options);

// Most messages of a point that are simulated one by one, where there is another way.
inline constexpr double kStudyMessagesMax = 6e5;

// In the points with stragglers: which ranks are, and by how much.
inline constexpr double kStragglerShare = 0.01;
inline constexpr double kStragglerFactor = 2;

}  // namespace experiments

#endif  // EXPERIMENTS_SIMULATION_PS_SCALING_STUDY_H_
