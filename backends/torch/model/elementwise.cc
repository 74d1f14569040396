#include "backends/torch/model/elementwise.h"

namespace backends {

void SgdUpdate(const SgdOptions& options, const float* __restrict gradients, float scale,
               int64_t count, float* __restrict parameters, float* __restrict velocities) {
  const auto [learning_rate, momentum, weight_decay] = options;
  for (int64_t i = 0; i < count; ++i) {
    const float gradient = gradients[i] * scale + parameters[i] * weight_decay;
    const float velocity = velocities[i] * momentum + gradient;
    velocities[i] = velocity;
    parameters[i] -= learning_rate * velocity;
  }
}

}  // namespace backends
