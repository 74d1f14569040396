#ifndef EXPERIMENTS_FAULTS_TINY_REPLICA_H_
#define EXPERIMENTS_FAULTS_TINY_REPLICA_H_

#include <functional>
#include <memory>

#include "backends/images/batch.h"
#include "backends/torch/engine/torch_replica.h"
#include "experiments/faults/scenario.h"

namespace experiments {

// Called where the replica comes to a phase.
using PhaseHook = std::function<void(Phase)>;

// A model of a few hundred parameters that learns the mean of its images at once, instead of
// ResNet-50: what is around it is what is tried. The same bits in every run.
std::unique_ptr<backends::TorchReplica> MakeTinyReplica(
    const backends::TorchReplica::Options& options, backends::BatchSource* training,
    backends::BatchSource* validation, PhaseHook hook);

}  // namespace experiments

#endif  // EXPERIMENTS_FAULTS_TINY_REPLICA_H_
