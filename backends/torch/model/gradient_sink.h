#ifndef BACKENDS_TORCH_MODEL_GRADIENT_SINK_H_
#define BACKENDS_TORCH_MODEL_GRADIENT_SINK_H_

#include <ATen/core/Tensor.h>

#include <functional>

namespace backends {

// Makes every backward pass through `parameter` write its gradient to `target`, of the same shape,
// perhaps of another type, and then call `ready`. On a device both are told to the stream that is
// current now. Where autograd would add to a tensor that has to be zeroed before, this
// copies: a parameter that is used once per pass needs no more. An undefined gradient means that
// the target was written already.
void SinkGradient(const at::Tensor& parameter, at::Tensor target, std::function<void()> ready);

}  // namespace backends

#endif  // BACKENDS_TORCH_MODEL_GRADIENT_SINK_H_
