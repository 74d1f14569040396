#include "backends/cuda/cuda_device.h"
#include "backends/torch/engine/engine.h"
#include "core/base/error.h"

namespace backends {

std::unique_ptr<Engine> MakeCudaEngine(const TorchReplica::Options&, BatchSource*, BatchSource*) {
  throw core::Error(FindCudaDevices().problem);
}

}  // namespace backends
