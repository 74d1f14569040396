#ifndef BACKENDS_TORCH_ENGINE_KINDS_OF_REPLICAS_H_
#define BACKENDS_TORCH_ENGINE_KINDS_OF_REPLICAS_H_

#include <memory>

#include "backends/torch/engine/torch_replica.h"

namespace backends {

// MakeTorchReplica on the processor.
std::unique_ptr<TorchReplica> MakeCpuReplica(const TorchReplica::Options& options,
                                             BatchSource* training, BatchSource* validation,
                                             core::Timeline* timeline);

// MakeTorchReplica on `options.accelerator`, which records the spans. Throws core::Error if this
// build has no CUDA.
std::unique_ptr<TorchReplica> MakeCudaReplica(const TorchReplica::Options& options,
                                              BatchSource* training, BatchSource* validation);

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_KINDS_OF_REPLICAS_H_
