#ifndef BACKENDS_IMAGES_DECODE_PIXELS_H_
#define BACKENDS_IMAGES_DECODE_PIXELS_H_

#include <cstddef>
#include <cstdint>

namespace backends {

// All in pixels.
struct ImageSize {
  int width = 0;
  int height = 0;
};

struct Box {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;

  int right() const { return left + width; }
  int bottom() const { return top + height; }
};

// A view of RGB pixels, rows from the top, 4 bytes a pixel: red, green, blue and one that is
// ignored.
struct Pixels {
  static constexpr int kBytes = 4;

  const uint8_t* data = nullptr;
  ImageSize size;
  ptrdiff_t stride = 0;  // Bytes from row to row.

  const uint8_t* Row(int y) const { return data + y * stride; }
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_DECODE_PIXELS_H_
