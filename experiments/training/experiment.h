#ifndef EXPERIMENTS_TRAINING_EXPERIMENT_H_
#define EXPERIMENTS_TRAINING_EXPERIMENT_H_

#include <string_view>

#include "experiments/training/run_options.h"
#include "experiments/training/train_rank.h"

namespace experiments {

// One run of one strategy: data set made or listed, what cannot work refused before anything
// starts, then all its ranks, or the one that this process is, to their end. Returns the exit code:
// 0, or kStoppedCode where the run was asked to stop and can go on. Throws core::Error. Call it
// without other threads.
int RunExperiment(const RunOptions& options, const MakeReplica& make_replica = MakeResNet50Replica);

// Makes waiting OpenMP threads sleep instead of spin: beside a busy core, spinning ones fall to a
// third of one thread's speed. libgomp reads this only when it is loaded, so it may start the
// program anew, with the same arguments.
void WaitPassively(const RunOptions& options, char** argv);

// The main of a program for one strategy. Returns the exit code; prints errors as one line.
int ExperimentMain(std::string_view strategy, int argc, char** argv);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_EXPERIMENT_H_
