#include "backends/cuda/cuda_device.h"
#include "backends/torch/engine/kinds_of_replicas.h"
#include "core/base/error.h"

namespace backends {

std::unique_ptr<TorchReplica> MakeCudaReplica(const TorchReplica::Options&, BatchSource*,
                                              BatchSource*) {
  throw core::Error(FindCudaDevices().problem);
}

}  // namespace backends
