#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "backends/images/decode/decoder.h"
#include "backends/images/transform/crop.h"
#include "backends/images/transform/resizer.h"
#include "core/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static backends::Decoder decoder;
  static backends::Resizer resizer;
  try {
    const backends::ImageSize image = decoder.Open({data, size});
    if (int64_t{image.width} * image.height > 1'000'000) return 0;  // Slow, and nothing new.
    const backends::Crop crop = backends::ValidationCrop(image, 32);
    const int shrink = size % 2 ? 1 : decoder.LargestShrink(crop.source, crop.target);
    const backends::Box needed = resizer.Plan(backends::ShrunkBy(shrink, crop));
    std::vector<uint8_t> pixels(3 * 32 * 32);
    resizer.Resize(decoder.Decode(needed, shrink), pixels.data());
  } catch (const core::Error&) {
  }
  return 0;
}
