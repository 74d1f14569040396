#ifndef BACKENDS_IMAGES_TESTING_JPEG_WRITER_H_
#define BACKENDS_IMAGES_TESTING_JPEG_WRITER_H_

#include <cstdint>
#include <vector>

#include "backends/images/pixels.h"

namespace backends {

// How a JPEG file is coded.
struct JpegKind {
  int components = 3;  // 1: grey, 3: YCbCr, 4: CMYK.
  // Sampling factors of the first component; the others have 1.
  int horizontal = 1;
  int vertical = 1;
  bool progressive = false;
  int restart_interval = 0;  // In blocks; 0 for none.
};

// A JPEG file of smooth colours and noise, always the same.
std::vector<uint8_t> WriteNoiseJpeg(ImageSize size, const JpegKind& kind);

}  // namespace backends

#endif  // BACKENDS_IMAGES_TESTING_JPEG_WRITER_H_
