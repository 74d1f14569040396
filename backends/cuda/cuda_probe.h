#ifndef BACKENDS_CUDA_CUDA_PROBE_H_
#define BACKENDS_CUDA_CUDA_PROBE_H_

#include "backends/cuda/cuda_device.h"

namespace backends {

// FindCudaDevices for a process that will fork: what touched CUDA once has no use of it in its
// children. So a child looks. Call it without other threads. Throws core::Error.
CudaDevices ProbeCudaDevices();

}  // namespace backends

#endif  // BACKENDS_CUDA_CUDA_PROBE_H_
