#ifndef BACKENDS_CUDA_ACCELERATOR_H_
#define BACKENDS_CUDA_ACCELERATOR_H_

#include <memory>
#include <utility>

#include "backends/cuda/compute_order.h"
#include "backends/cuda/device.h"
#include "backends/cuda/device_spans.h"

namespace backends {

// A device at work for one rank: what its replica and its communicator share.
struct Accelerator {
  // `clock` outlives it.
  Accelerator(std::unique_ptr<Device> opened, const core::Clock& clock)
      : device(std::move(opened)),
        compute(device->MakeStream(/*urgent=*/false)),
        order(*compute),
        spans(*compute, clock) {}

  const std::unique_ptr<Device> device;
  const std::unique_ptr<DeviceStream> compute;
  ComputeOrder order;
  DeviceSpans spans;
};

}  // namespace backends

#endif  // BACKENDS_CUDA_ACCELERATOR_H_
