#ifndef EXPERIMENTS_TRAINING_TRAIN_RANK_H_
#define EXPERIMENTS_TRAINING_TRAIN_RANK_H_

#include <string>

#include "backends/images/image_folder.h"
#include "experiments/training/rank_environment.h"
#include "experiments/training/run_options.h"

namespace experiments {

// Trains as one rank of a run, to its end; rank 0 reports and writes the results. The ranks meet in
// `meeting_folder`, of this machine, or if that is empty at the environment's MASTER_ADDR and
// MASTER_PORT. `dataset` is empty with synthetic data. Throws core::Error.
void RunRank(const RunOptions& options, const RankEnvironment& environment,
             const std::string& meeting_folder, const backends::ImageDataset& dataset);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_TRAIN_RANK_H_
