#ifndef CORE_TRAINING_EPOCH_TOTALS_H_
#define CORE_TRAINING_EPOCH_TOTALS_H_

#include <vector>

#include "core/communicator.h"
#include "core/records/results.h"
#include "core/strategy.h"
#include "core/task.h"
#include "core/training/checkpoint.h"
#include "core/training/training_replica.h"

namespace core {

// One epoch over all ranks, the same on every rank.
struct EpochRecord {
  EpochResult result;
  std::vector<double> losses;      // By step: mean over training ranks.
  std::vector<double> step_times;  // By step, seconds, of this rank.
};

// Brings together what the ranks have measured of an epoch. It outlives the communicator, which may
// write to it until then.
class EpochTotals {
 public:
  // All ranks call it. `record` outlives the task.
  Task Exchange(Communicator& communicator, const Roles& roles, int epoch,
                const EpochProgress& progress, const Evaluation& evaluation, EpochRecord& record);

 private:
  std::vector<double> totals_;         // Over steps and ranks.
  std::vector<double> losses_;         // By step, over ranks.
  std::vector<double> communication_;  // Seconds, by rank and step.
};

}  // namespace core

#endif  // CORE_TRAINING_EPOCH_TOTALS_H_
