#ifndef CORE_TRAINING_CHECKPOINT_H_
#define CORE_TRAINING_CHECKPOINT_H_

#include <cstdint>
#include <vector>

#include "core/breakdown.h"
#include "core/strategy.h"
#include "core/training/training_replica.h"

namespace core {

// A place between two steps of a run: the step to come, both counted from 0. After an epoch's last
// step and before its validation, `step` is the number of steps.
struct Position {
  int epoch = 0;
  int64_t step = 0;

  auto operator<=>(const Position&) const = default;
};

// What a rank has measured of the epoch that is under way.
struct EpochProgress {
  std::vector<StepMetrics> metrics;   // By step; empty on servers.
  std::vector<Breakdown> breakdowns;  // By step.
  Duration time{};                    // That its steps took.
};

// What one rank must have to go on with the same bits as a run that never stopped.
struct Checkpoint {
  Position position;
  // Of the parameters and the optimizer's momentum, `offset` being where they lie in the flat
  // vector: on the lowest rank of those that update this part (Strategy::Updated).
  int64_t offset = 0;
  std::vector<float> parameters;
  std::vector<float> momentum;
  // Of a rank that trains.
  ModelStatistics statistics;
  EpochProgress progress;
};

// Of a rank, between two steps; `progress` is copied.
Checkpoint TakeCheckpoint(const Worker& worker, const Strategy& strategy, TrainingReplica& replica,
                          Position position, const EpochProgress& progress);

// Gives every rank what it needs of the checkpoints of all: after Strategy::Start, on all ranks.
// Each rank's checkpoint may also have more of the parameters than it would keep, as where it was
// put together from those of another number of ranks.
Task RestoreCheckpoint(Worker& worker, const Strategy& strategy, TrainingReplica& replica,
                       const Checkpoint& checkpoint);

}  // namespace core

#endif  // CORE_TRAINING_CHECKPOINT_H_
