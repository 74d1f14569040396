#ifndef BACKENDS_TORCH_MODEL_GRADIENT_SINK_H_
#define BACKENDS_TORCH_MODEL_GRADIENT_SINK_H_

#include <ATen/core/Tensor.h>

#include <functional>

namespace backends {

// Makes every backward pass through `parameter` copy its gradient to `target`, of the same shape,
// perhaps of another type, and then call `ready`. On a device the copy is launched on the stream
// that is current now.
//
// Autograd itself would add to a tensor that has to be zeroed before every pass; for a parameter
// that is used once per pass a copy is enough. An undefined gradient means that the target has been
// written already (Convolution).
void SinkGradient(const at::Tensor& parameter, at::Tensor target, std::function<void()> ready);

}  // namespace backends

#endif  // BACKENDS_TORCH_MODEL_GRADIENT_SINK_H_
