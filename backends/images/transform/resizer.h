#ifndef BACKENDS_IMAGES_TRANSFORM_RESIZER_H_
#define BACKENDS_IMAGES_TRANSFORM_RESIZER_H_

#include <cstdint>
#include <vector>

#include "backends/images/decode/pixels.h"
#include "backends/images/decode/scratch_bytes.h"
#include "backends/images/transform/crop.h"
#include "backends/images/transform/resize_kernels.h"

namespace backends {

// Pillow's antialiased bilinear resize, in Pillow's integers and so with Pillow's pixels: a
// triangle filter that widens as the image shrinks, one pass across and one down, 8 bits kept in
// between. Memory is used again. Not for use by several threads at once.
class Resizer {
 public:
  // Chooses what Resize will do, and returns the part of the image that it needs for it.
  Box Plan(const Crop& crop);

  // Resizes `source`, the pixels of the box that Plan returned, and stores the crop's window: 3
  // bytes a pixel, red, green, blue.
  void Resize(const Pixels& source, uint8_t* target);

  // The same in float32, normalized: (value / 255 − mean) / standard deviation of the colours of
  // ImageNet.
  void Resize(const Pixels& source, float* target);

 private:
  // Calls `store(y, row)` with each row of the window, 4 bytes a pixel.
  template <typename Store>
  void ResizeRows(const Pixels& source, Store store);

  Taps across_;
  Taps down_;
  bool down_first_ = false;
  ScratchBytes between_;  // What the first of two passes made.
  std::vector<uint8_t> row_;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_TRANSFORM_RESIZER_H_
