#include "backends/images/image_reader.h"

namespace backends {

ImageSize ImageReader::Open(const std::string& path) { return decoder_.Open(contents_.Read(path)); }

Pixels ImageReader::Decode(const Crop& crop, bool scaled_decoding) {
  const int shrink = scaled_decoding ? decoder_.LargestShrink(crop.source, crop.target) : 1;
  const Box needed = resizer_.Plan(ShrunkBy(shrink, crop));
  return decoder_.Decode(needed, shrink);
}

}  // namespace backends
