#include "backends/images/transform/resizer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "backends/images/transform/normalization.h"

namespace backends {
namespace {

constexpr int kColors = 3;

// The normalized value of every byte, by colour.
using NormalizedValues = std::array<std::array<float, 256>, kColors>;

NormalizedValues Normalize() {
  NormalizedValues values;
  for (int color = 0; color < kColors; ++color) {
    for (int byte = 0; byte < 256; ++byte) {
      values[color][byte] = (byte / 255.0f - kColorMeans[color]) / kColorDeviations[color];
    }
  }
  return values;
}

// One direction of a resize.
struct Direction {
  int inputs = 0;
  int outputs = 0;
  // The outputs that are wanted, last one first if `mirrored`.
  int window_begin = 0;
  int window_size = 0;
  bool mirrored = false;

  double scale() const { return static_cast<double>(inputs) / outputs; }
  // Half the width of the triangle.
  double support() const { return std::max(scale(), 1.0); }
  double Center(int output) const { return (output + 0.5) * scale(); }
  // The inputs that an output is made of.
  int Begin(int output) const {
    return std::max(0, static_cast<int>(Center(output) - support() + 0.5));
  }
  int End(int output) const {
    return std::min(inputs, static_cast<int>(Center(output) + support() + 0.5));
  }
};

// The triangle around `center`, as integers that add up to 2^kWeightBits but for rounding. Same
// arithmetic in the same order as PIL's, in float64: else single bits would differ.
void FillWeights(const Direction& direction, int output, int32_t* weights) {
  const int begin = direction.Begin(output);
  const int end = direction.End(output);
  const double center = direction.Center(output);
  const double narrowing = 1.0 / direction.support();
  const auto height = [&](int input) {
    return std::max(0.0, 1.0 - std::abs((input - center + 0.5) * narrowing));
  };
  double sum = 0;
  for (int input = begin; input < end; ++input) sum += height(input);
  for (int input = begin; input < end; ++input) {
    *weights++ = static_cast<int32_t>(0.5 + height(input) / sum * (1 << kWeightBits));
  }
}

// Fills `taps` for the window; inputs are counted from the one that is returned.
int MakeTaps(const Direction& direction, Taps& taps) {
  const int window_end = direction.window_begin + direction.window_size;
  const int first_input = direction.Begin(direction.window_begin);
  const int inputs = direction.End(window_end - 1) - first_input;
  taps.count = 0;
  for (int output = direction.window_begin; output < window_end; ++output) {
    taps.count = std::max(taps.count, direction.End(output) - direction.Begin(output));
  }
  taps.inputs = inputs;
  taps.first.resize(direction.window_size);
  taps.weights.assign(size_t{1} * taps.count * direction.window_size, 0);
  for (int i = 0; i < direction.window_size; ++i) {
    const int output = direction.mirrored ? window_end - 1 - i : direction.window_begin + i;
    const int begin = direction.Begin(output) - first_input;
    // Near the end, an output with fewer inputs than others begins with zeros instead.
    taps.first[i] = std::min(begin, inputs - taps.count);
    FillWeights(direction, output, &taps.weights[i * taps.count + begin - taps.first[i]]);
  }
  return first_input;
}

}  // namespace

Box Resizer::Plan(const Crop& crop) {
  const int left = MakeTaps({.inputs = crop.source.width,
                             .outputs = crop.target.width,
                             .window_begin = crop.window.left,
                             .window_size = crop.window.width,
                             .mirrored = crop.flip},
                            across_);
  const int top = MakeTaps({.inputs = crop.source.height,
                            .outputs = crop.target.height,
                            .window_begin = crop.window.top,
                            .window_size = crop.window.height},
                           down_);
  // The order decides about rounding. This is Pillow 13's choice.
  const int64_t rows_less = int64_t{crop.source.height} - crop.target.height;
  const int64_t columns_less = int64_t{crop.source.width} - crop.target.width;
  down_first_ = rows_less > 0 && 2 * columns_less < rows_less;
  return {crop.source.left + left, crop.source.top + top, across_.inputs, down_.inputs};
}

template <typename Store>
void Resizer::ResizeRows(const Pixels& source, Store store) {
  const int width = std::ssize(across_.first);
  const int height = std::ssize(down_.first);
  const ptrdiff_t row_bytes = ptrdiff_t{Pixels::kBytes} * width;
  row_.resize(row_bytes);
  if (down_first_) {
    const ptrdiff_t input_bytes = ptrdiff_t{Pixels::kBytes} * source.size.width;
    uint8_t* const between = between_.Fit(input_bytes);
    for (int y = 0; y < height; ++y) {
      ResizeDown(down_, y, source.data, source.stride, input_bytes, between);
      ResizeAcross(across_, between, row_.data());
      store(y, row_.data());
    }
    return;
  }
  uint8_t* const between = between_.Fit(source.size.height * row_bytes);
  for (int y = 0; y < source.size.height; ++y) {
    ResizeAcross(across_, source.Row(y), between + y * row_bytes);
  }
  for (int y = 0; y < height; ++y) {
    ResizeDown(down_, y, between, row_bytes, row_bytes, row_.data());
    store(y, row_.data());
  }
}

void Resizer::Resize(const Pixels& source, uint8_t* target) {
  const int width = std::ssize(across_.first);
  ResizeRows(source, [target, width](int y, const uint8_t* row) {
    uint8_t* pixel = target + ptrdiff_t{kColors} * width * y;
    for (int x = 0; x < width; ++x, pixel += kColors) {
      std::copy_n(row + x * Pixels::kBytes, kColors, pixel);
    }
  });
}

void Resizer::Resize(const Pixels& source, float* target) {
  static const NormalizedValues normalized = Normalize();
  const int width = std::ssize(across_.first);
  ResizeRows(source, [target, width](int y, const uint8_t* row) {
    float* pixel = target + ptrdiff_t{kColors} * width * y;
    for (int x = 0; x < width; ++x, pixel += kColors, row += Pixels::kBytes) {
      for (int color = 0; color < kColors; ++color) pixel[color] = normalized[color][row[color]];
    }
  });
}

}  // namespace backends
