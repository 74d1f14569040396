#include "backends/images/transform/resize_kernels.h"

#include <algorithm>

#include "backends/images/decode/pixels.h"

// The compiler makes a copy of the function per instruction set; the best one that the CPU has
// runs.
#define FOR_EVERY_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

namespace backends {
namespace {

constexpr int32_t kHalf = 1 << (kWeightBits - 1);
constexpr int kBytesAtOnce = 512;  // Whose sums stay in the first-level cache.

// No sum passes 255: the weights of an output add up to 1 but for rounding, which is far below
// kHalf.

// With the number of taps known to the compiler unless it is 0. Inlined, so that it becomes part of
// each copy of its caller.
template <int kCount>
[[gnu::always_inline]] inline void Across(const Taps& taps, const uint8_t* source,
                                          uint8_t* target) {
  const int32_t* weights = taps.weights.data();
  const int count = kCount ? kCount : taps.count;
  for (const int first : taps.first) {
    const uint8_t* input = source + first * Pixels::kBytes;
    int32_t sums[Pixels::kBytes] = {kHalf, kHalf, kHalf, kHalf};
    for (int tap = 0; tap < count; ++tap) {
      for (int i = 0; i < Pixels::kBytes; ++i) sums[i] += input[i] * weights[tap];
      input += Pixels::kBytes;
    }
    for (int i = 0; i < Pixels::kBytes; ++i) target[i] = sums[i] >> kWeightBits;
    weights += count;
    target += Pixels::kBytes;
  }
}

}  // namespace

FOR_EVERY_CPU
void ResizeAcross(const Taps& taps, const uint8_t* source, uint8_t* target) {
  switch (taps.count) {
    case 2:
      return Across<2>(taps, source, target);
    case 3:
      return Across<3>(taps, source, target);
    case 4:
      return Across<4>(taps, source, target);
    case 5:
      return Across<5>(taps, source, target);
    default:
      return Across<0>(taps, source, target);
  }
}

FOR_EVERY_CPU
void ResizeDown(const Taps& taps, int output, const uint8_t* source, ptrdiff_t stride, int bytes,
                uint8_t* target) {
  const int32_t* weights = &taps.weights[output * taps.count];
  source += taps.first[output] * stride;
  for (int begin = 0; begin < bytes; begin += kBytesAtOnce) {
    const int size = std::min(kBytesAtOnce, bytes - begin);
    int32_t sums[kBytesAtOnce];
    std::fill_n(sums, size, kHalf);
    for (int tap = 0; tap < taps.count; ++tap) {
      const uint8_t* input = source + tap * stride + begin;
      const int32_t weight = weights[tap];
      for (int i = 0; i < size; ++i) sums[i] += input[i] * weight;
    }
    for (int i = 0; i < size; ++i) target[begin + i] = sums[i] >> kWeightBits;
  }
}

}  // namespace backends
