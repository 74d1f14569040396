#ifndef BACKENDS_TORCH_ENGINE_ENGINE_H_
#define BACKENDS_TORCH_ENGINE_ENGINE_H_

#include <memory>

#include "backends/torch/engine/torch_replica.h"

namespace backends {

// A TorchReplica on one kind of device.
class Engine : public core::Replica, public core::TrainingReplica {};

std::unique_ptr<Engine> MakeCpuEngine(const TorchReplica::Options& options, BatchSource* training,
                                      BatchSource* validation, core::Timeline* timeline);

// On options.accelerator. Throws core::Error if this build has no CUDA.
std::unique_ptr<Engine> MakeCudaEngine(const TorchReplica::Options& options, BatchSource* training,
                                       BatchSource* validation);

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_ENGINE_H_
