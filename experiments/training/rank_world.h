#ifndef EXPERIMENTS_TRAINING_RANK_WORLD_H_
#define EXPERIMENTS_TRAINING_RANK_WORLD_H_

#include <memory>
#include <string>

#include "backends/cuda/accelerator.h"
#include "backends/rendezvous/store.h"
#include "core/communicator.h"
#include "core/timeline.h"
#include "experiments/training/rank_environment.h"
#include "experiments/training/run_options.h"

namespace experiments {

// All throw core::Error.

// The ranks of a run meet in a folder of this machine, or if that is empty at the environment's
// MASTER_ADDR and MASTER_PORT.
std::unique_ptr<backends::Store> OpenStore(const RunOptions& options,
                                           const RankEnvironment& environment,
                                           const std::string& meeting_folder);

// The GPU of this rank: ranks of a host take them in turn. Null on the processor.
std::unique_ptr<backends::Accelerator> OpenAccelerator(const RunOptions& options,
                                                       const RankEnvironment& environment,
                                                       const core::Clock& clock);

// This rank's way to the others, by the run's backend. All but the options outlive it.
std::unique_ptr<core::Communicator> Connect(const RunOptions& options,
                                            const RankEnvironment& environment,
                                            backends::Store& store, core::Timeline& timeline,
                                            backends::Accelerator* accelerator);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_RANK_WORLD_H_
