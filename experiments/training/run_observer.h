#ifndef EXPERIMENTS_TRAINING_RUN_OBSERVER_H_
#define EXPERIMENTS_TRAINING_RUN_OBSERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "backends/torch/engine/torch_replica.h"
#include "core/training/train.h"
#include "experiments/training/background_writer.h"
#include "experiments/training/checkpoint_folder.h"
#include "experiments/training/progress.h"
#include "experiments/training/run_options.h"
#include "experiments/training/run_record.h"

namespace experiments {

// What one rank does beside training: rank 0 shows progress and writes results, the first that
// trains writes weights, all write checkpoints and listen to signals.
class RunObserver : public core::TrainObserver {
 public:
  struct Parts {
    const RunOptions& options;
    int64_t steps_per_epoch = 1;
    backends::TorchReplica& replica;
    CheckpointFolder& checkpoints;
    RunRecord* record = nullptr;  // Of rank 0.
    Progress* progress = nullptr;
    bool saves_weights = false;
    pid_t command = 0;  // The process that the user started.
  };
  // All parts outlive it. `best`: the best validation so far, of an earlier start.
  RunObserver(const Parts& parts, std::optional<double> best) : parts_(parts), best_(best) {}

  void OnStep(int epoch, int64_t step) override;
  void OnEpoch(const core::EpochRecord& epoch) override;
  bool WantsCheckpoint(core::Position position) override;
  void OnCheckpoint(core::Checkpoint checkpoint) override;
  bool AskedToStop() override;
  void OnStop(core::Checkpoint checkpoint) override;

  // All ranks have been stopped, and this one's checkpoint is written.
  bool stopped() const { return stopped_; }
  // Waits for the weights; whether the last were written.
  absl::Status Finish() { return weights_.Finish(); }

 private:
  bool checkpointing() const { return parts_.options.checkpoint_every != 0; }
  void SaveWeights(const core::EpochRecord& epoch);

  const Parts parts_;
  std::optional<double> best_;   // Accuracy in percent.
  double since_checkpoint_ = 0;  // Seconds of training, where checkpoints follow epochs.
  bool stopped_ = false;
  BackgroundWriter weights_;
};

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_RUN_OBSERVER_H_
