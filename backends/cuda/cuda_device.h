#ifndef BACKENDS_CUDA_CUDA_DEVICE_H_
#define BACKENDS_CUDA_CUDA_DEVICE_H_

#include <memory>
#include <string>

#include "backends/cuda/device.h"

namespace backends {

// The GPUs that this process may use.
struct CudaDevices {
  int count = 0;
  std::string problem;  // Why there is none, and what would help; empty if there are some.
};
CudaDevices FindCudaDevices();

// GPU number `index`, from 0. Throws core::Error if it is not there.
std::unique_ptr<Device> OpenCudaDevice(int index);

}  // namespace backends

#endif  // BACKENDS_CUDA_CUDA_DEVICE_H_
