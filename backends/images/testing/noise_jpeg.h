#ifndef BACKENDS_IMAGES_TESTING_NOISE_JPEG_H_
#define BACKENDS_IMAGES_TESTING_NOISE_JPEG_H_

#include <cstdint>
#include <random>
#include <vector>

#include "backends/images/decode/jpeg_encoder.h"
#include "backends/images/decode/pixels.h"

namespace backends {

// A JPEG file of smooth colours and noise: the same one for the same size and kind.
inline std::vector<uint8_t> NoiseJpeg(ImageSize size, const JpegKind& kind) {
  std::mt19937 engine(size.width);
  std::vector<uint8_t> samples;
  for (int y = 0; y < size.height; ++y) {
    for (int i = 0; i < size.width * kind.components; ++i) {
      samples.push_back((3 * y + 2 * i + i % kind.components * 60) / 8 * 3 + engine() % 64);
    }
  }
  return EncodeJpeg(samples, size, kind);
}

}  // namespace backends

#endif  // BACKENDS_IMAGES_TESTING_NOISE_JPEG_H_
