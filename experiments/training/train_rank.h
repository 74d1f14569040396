#ifndef EXPERIMENTS_TRAINING_TRAIN_RANK_H_
#define EXPERIMENTS_TRAINING_TRAIN_RANK_H_

#include <string>

#include "backends/images/image_folder.h"
#include "experiments/training/rank_environment.h"
#include "experiments/training/run_options.h"

namespace experiments {

// Where the ranks of a run meet: a folder of this machine, or if that is empty the environment's
// MASTER_ADDR and MASTER_PORT.
struct MeetingPlace {
  std::string folder;
};

// Trains as one rank of a run, to its end; rank 0 reports and writes the results. `dataset` is
// empty with synthetic data. Throws core::Error.
void RunRank(const RunOptions& options, const RankEnvironment& environment,
             const MeetingPlace& meeting_place, const backends::ImageDataset& dataset);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_TRAIN_RANK_H_
