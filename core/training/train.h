#ifndef CORE_TRAINING_TRAIN_H_
#define CORE_TRAINING_TRAIN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/records/results.h"
#include "core/strategy.h"
#include "core/task.h"
#include "core/timeline.h"

namespace core {

// What one minibatch of one rank gave.
struct StepMetrics {
  double loss = 0;      // Mean over the minibatch.
  int64_t correct = 0;  // Top-1.
  int64_t count = 0;    // Images.
};

// What a shard of the validation set gave.
struct Evaluation {
  double loss_sum = 0;
  int64_t correct = 0;
  int64_t count = 0;
};

// The side of a replica that strategies do not see: its data and what it learned.
class TrainingReplica {
 public:
  virtual ~TrainingReplica() = default;
  // Before the first step of `epoch`, from 0: order of the data, learning rate.
  virtual void BeginEpoch(int epoch) = 0;
  // Of the steps since the last call, in order; empty on servers.
  virtual std::vector<StepMetrics> TakeTraining() = 0;
  // This rank's shard of the validation set; nothing where there is none.
  virtual Evaluation Evaluate() = 0;
  // Batch-norm statistics: float32, laid out alike on all ranks.
  virtual Buffer statistics() = 0;
};

struct TrainOptions {
  int epochs = 1;
  int64_t steps_per_epoch = 1;
};

// One epoch over all ranks, the same on every rank.
struct EpochRecord {
  EpochResult result;
  std::vector<double> losses;      // By step: mean over training ranks.
  std::vector<double> step_times;  // By step, seconds, of this rank.
};

// What follows a run: progress, results. Its functions may throw to stop the run.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void OnStep(int epoch, int64_t step) = 0;  // After it; both from 0.
  virtual void OnEpoch(const EpochRecord& record) = 0;
};

// The loop that every worker runs, real or simulated: `steps` steps, each closed on the timeline.
Task TrainSteps(Worker& worker, Strategy& strategy, Timeline& timeline, int epoch, int64_t steps,
                TrainObserver& observer);

// A whole run of one rank: epochs of steps, each followed by validation with the batch-norm
// statistics of the first training rank. All arguments outlive the task.
Task Train(Worker& worker, Strategy& strategy, TrainingReplica& replica, Timeline& timeline,
           const TrainOptions& options, TrainObserver& observer);

}  // namespace core

#endif  // CORE_TRAINING_TRAIN_H_
