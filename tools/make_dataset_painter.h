#ifndef TOOLS_MAKE_DATASET_PAINTER_H_
#define TOOLS_MAKE_DATASET_PAINTER_H_

#include <cstdint>
#include <vector>

#include "backends/images/decode/pixels.h"

namespace tools {

enum class Shape { kDisc, kSquare, kTriangle, kRing, kCross, kDiamond };
inline constexpr int kShapes = 6;

// What the pictures of one class have in common. Each varies around it, so that no pixel alone
// tells the class.
struct Style {
  float hue = 0;        // Of the background, 0 to 1 once round the colours.
  float direction = 0;  // Of the waves: 0 across, 1 down.
  float waves = 0;      // Across the longer side.
  Shape shape = Shape::kDisc;
};

// Spreads the classes over hues, directions, wavelengths and shapes.
Style StyleOf(int label, int classes);

// A picture with what a photograph has for a JPEG decoder: gradients, shapes with edges, texture at
// all scales, grain. 3 bytes a pixel. The same for the same arguments, on every machine.
std::vector<uint8_t> Paint(const Style& style, backends::ImageSize size, uint64_t seed);

}  // namespace tools

#endif  // TOOLS_MAKE_DATASET_PAINTER_H_
