#include "backends/cuda/cuda_device.h"
#include "core/base/error.h"

namespace backends {

CudaDevices FindCudaDevices() {
  return {.problem = "this build has no CUDA: build with --config=cuda, on a machine with a GPU"};
}

std::unique_ptr<Device> OpenCudaDevice(int) { throw core::Error(FindCudaDevices().problem); }

}  // namespace backends
