#ifndef BACKENDS_TORCH_MODEL_ELEMENTWISE_H_
#define BACKENDS_TORCH_MODEL_ELEMENTWISE_H_

#include <cstdint>

namespace backends {

struct SgdOptions {
  float learning_rate;
  float momentum;
  float weight_decay;
};

// torch.optim.SGD without dampening, in one pass over memory: with g the gradient times `scale`
// plus the parameter times weight_decay, velocity ← momentum · velocity + g and parameter ←
// parameter − learning_rate · velocity. Velocities start as zeros. Each element's bits depend on
// that element alone, so that an update may be cut anywhere.
void SgdUpdate(const SgdOptions& options, const float* gradients, float scale, int64_t count,
               float* parameters, float* velocities);

}  // namespace backends

#endif  // BACKENDS_TORCH_MODEL_ELEMENTWISE_H_
