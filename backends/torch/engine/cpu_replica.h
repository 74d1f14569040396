#ifndef BACKENDS_TORCH_ENGINE_CPU_REPLICA_H_
#define BACKENDS_TORCH_ENGINE_CPU_REPLICA_H_

#include <memory>

#include "backends/torch/engine/torch_replica.h"

namespace backends {

// MakeTorchReplica on the processor.
std::unique_ptr<TorchReplica> MakeCpuReplica(const TorchReplica::Options& options,
                                             BatchSource* training, BatchSource* validation,
                                             core::Timeline* timeline);

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_CPU_REPLICA_H_
