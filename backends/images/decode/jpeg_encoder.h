#ifndef BACKENDS_IMAGES_DECODE_JPEG_ENCODER_H_
#define BACKENDS_IMAGES_DECODE_JPEG_ENCODER_H_

#include <cstdint>
#include <vector>

#include "backends/images/decode/pixels.h"

namespace backends {

// How a JPEG file is coded.
struct JpegKind {
  int components = 3;  // 1: grey; 3: red, green, blue; 4: CMYK.
  // Sampling factors of the first component (brightness); the others have 1. Both 2 is usual for
  // photographs.
  int horizontal = 1;
  int vertical = 1;
  bool progressive = false;
  int restart_interval = 0;  // In blocks; 0 for none.
  int quality = 85;          // 1 to 100.
};

// The JPEG file of an image, from `components` bytes a pixel. At most 65500 pixels a side.
std::vector<uint8_t> EncodeJpeg(const std::vector<uint8_t>& samples, ImageSize size,
                                const JpegKind& kind);

}  // namespace backends

#endif  // BACKENDS_IMAGES_DECODE_JPEG_ENCODER_H_
