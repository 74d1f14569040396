#ifndef BACKENDS_IMAGES_TRANSFORM_RESIZE_KERNELS_H_
#define BACKENDS_IMAGES_TRANSFORM_RESIZE_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace backends {

// Weights are whole multiples of 2^-kWeightBits, so that bytes times weights that add up to 1 fit
// 32 bits.
inline constexpr int kWeightBits = 22;

// The weighted sums that make the outputs of one direction out of its inputs.
struct Taps {
  int inputs = 0;                // That the outputs need, all together.
  int count = 0;                 // Inputs per output, the same for all.
  std::vector<int> first;        // By output: its first input.
  std::vector<int32_t> weights;  // By output, `count` each.
};

// Makes a row of 4-byte pixels out of another.
void ResizeAcross(const Taps& taps, const uint8_t* source, uint8_t* target);

// Makes row number `output` of `bytes` bytes out of rows that lie `stride` bytes apart.
void ResizeDown(const Taps& taps, int output, const uint8_t* source, ptrdiff_t stride, int bytes,
                uint8_t* target);

}  // namespace backends

#endif  // BACKENDS_IMAGES_TRANSFORM_RESIZE_KERNELS_H_
