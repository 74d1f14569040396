#ifndef CORE_TRAINING_TRAIN_H_
#define CORE_TRAINING_TRAIN_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "core/strategy.h"
#include "core/task.h"
#include "core/timeline.h"
#include "core/training/agreement.h"
#include "core/training/checkpoint.h"
#include "core/training/epoch_totals.h"
#include "core/training/training_replica.h"

namespace core {

struct TrainOptions {
  int epochs = 1;
  int64_t steps_per_epoch = 1;
  // The most that any rank has; the same number on all. 0: there is no validation.
  int64_t validation_batches = 0;
  // From where to go on, the same position on all ranks; empty: from the start.
  std::optional<Checkpoint> resume;
};

// What follows a run: progress, results, checkpoints. Its functions may throw to stop the run.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;

  virtual void OnStep(int epoch, int64_t step) = 0;  // After it; both from 0.
  // After an epoch, while the replica still has the statistics and parameters that were validated.
  virtual void OnEpoch(const EpochRecord& record) = 0;

  // Whether a checkpoint is due at this place, after a step or an epoch: the same on all ranks.
  virtual bool WantsCheckpoint(Position position) = 0;
  virtual void OnCheckpoint(Checkpoint checkpoint) = 0;

  // Whether this rank was asked to stop. Soon after, all ranks stop after the same step: they get
  // this checkpoint, and the run is over.
  virtual bool AskedToStop() = 0;
  virtual void OnStop(Checkpoint checkpoint) = 0;
};

// A whole run of one rank: epochs of steps, each followed by validation with the batch-norm
// statistics of the first training rank. All arguments outlive it; it outlives the communicator,
// which may write to it until then.
class Trainer {
 public:
  Trainer(Strategy& strategy, TrainingReplica& replica, Timeline& timeline, TrainOptions options,
          TrainObserver& observer)
      : strategy_(strategy),
        replica_(replica),
        timeline_(timeline),
        options_(std::move(options)),
        observer_(observer),
        agreement_(timeline) {}

  // Once.
  Task Run(Worker& worker);

 private:
  bool stopped() const { return agreement_.agreed(); }
  Task TrainEpoch(Worker& worker, int epoch, int64_t first_step);
  Task Evaluate(Worker& worker, const Roles& roles);
  Checkpoint Take(const Worker& worker, Position position);
  // After a step or an epoch: the checkpoint that is due, if one is. Returns whether the run stops
  // here; one whose last epoch is over has ended anyway.
  bool Keep(const Worker& worker, Position position);
  void TakeProgress();

  Strategy& strategy_;
  TrainingReplica& replica_;
  Timeline& timeline_;
  TrainOptions options_;
  TrainObserver& observer_;
  Agreement agreement_;
  EpochTotals totals_;
  EpochProgress progress_;
  Duration epoch_start_{};  // Of its steps; earlier by what a resumed one had taken.
  Evaluation evaluation_;
};

}  // namespace core

#endif  // CORE_TRAINING_TRAIN_H_
