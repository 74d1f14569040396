#ifndef EXPERIMENTS_TRAINING_TRAIN_RANK_H_
#define EXPERIMENTS_TRAINING_TRAIN_RANK_H_

#include <functional>
#include <memory>

#include "backends/images/image_folder.h"
#include "backends/rendezvous/store.h"
#include "backends/torch/engine/torch_replica.h"
#include "experiments/training/rank_environment.h"
#include "experiments/training/rank_world.h"
#include "experiments/training/run_options.h"

namespace experiments {

// Makes a rank's model. Sources and timeline outlive it. Throws core::Error.
using MakeReplica = std::function<std::unique_ptr<backends::TorchReplica>(
    int rank, const backends::TorchReplica::Options& options, backends::BatchSource* training,
    backends::BatchSource* validation, core::Timeline* timeline)>;

// ResNet-50.
std::unique_ptr<backends::TorchReplica> MakeResNet50Replica(
    int rank, const backends::TorchReplica::Options& options, backends::BatchSource* training,
    backends::BatchSource* validation, core::Timeline* timeline);

// Trains as one rank of a run, to its end, or until it was asked to stop and has left a checkpoint;
// rank 0 reports and writes the results. The ranks meet in `store`; `dataset` is empty with synthetic
// data. `arrival` follows how far this one has come. Returns the exit code: 0, or kStoppedCode.
// Throws core::Error.
int RunRank(const RunOptions& options, const RankEnvironment& environment, backends::Store& store,
            const backends::ImageDataset& dataset, const MakeReplica& make_replica,
            Arrival& arrival);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_TRAIN_RANK_H_
