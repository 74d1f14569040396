#ifndef BACKENDS_TORCH_ENGINE_DEVICE_INPUTS_H_
#define BACKENDS_TORCH_ENGINE_DEVICE_INPUTS_H_

#include <ATen/core/Tensor.h>

#include <optional>

#include "backends/cuda/accelerator.h"
#include "backends/cuda/batch_uploader.h"

namespace backends {

// A minibatch on a device, as the model wants it: images, N × 3 × height × width, channels-last,
// normalized, and N int64 labels.
struct Inputs {
  at::Tensor images, labels;
};

// Turns what was copied to a device into inputs of the model, on the computing stream, which is the
// calling thread's current one.
class DeviceInputs {
 public:
  // Images become `type`. The accelerator outlives it.
  DeviceInputs(Accelerator& accelerator, at::TensorOptions on_device, at::ScalarType type);

  // Empty after the last. Records as loading what the stream has to wait for the batch.
  std::optional<Inputs> Next(BatchUploader& uploader);

 private:
  Accelerator& accelerator_;
  const at::TensorOptions on_device_;
  const at::ScalarType type_;
  const at::Tensor color_factors_, color_offsets_;  // Of a byte's normalization.
};

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_DEVICE_INPUTS_H_
