#ifndef BACKENDS_IMAGES_TRANSFORM_TORCH_GENERATOR_H_
#define BACKENDS_IMAGES_TRANSFORM_TORCH_GENERATOR_H_

#include <cstdint>
#include <random>

namespace backends {

// Draws the same numbers as PyTorch's CPU generator.
class TorchGenerator {
 public:
  // As torch.manual_seed.
  explicit TorchGenerator(uint64_t seed) : engine_(static_cast<uint32_t>(seed)) {}

  // As torch.empty(1).uniform_(from, to): in [from, to), from 24 random bits.
  float Uniform(float from, float to) {
    const float unit = static_cast<float>(engine_() & 0xFFFFFF) * 0x1p-24f;
    return unit * (to - from) + from;
  }

  // As torch.randint(0, end, size=(1,)): from 0 to `end` − 1.
  int Integer(int end) { return static_cast<int>(engine_() % end); }

 private:
  std::mt19937 engine_;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_TRANSFORM_TORCH_GENERATOR_H_
