#include "backends/images/decode/decoder.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace backends {
namespace {

// Pillow's Image.MAX_IMAGE_PIXELS, above which it warns of an attack. With 4 bytes a pixel a worker
// takes at most 358 MB for what is decoded, and only as long as it is at such an image.
constexpr int64_t kPixelsMax = 89'478'485;

}  // namespace

ImageSize Decoder::Open(std::span<const uint8_t> file) {
  is_png_ = PngDecoder::Recognizes(file);
  if (!is_png_ && !JpegDecoder::Recognizes(file)) {
    throw core::Error(file.empty() ? "the file is empty" : "neither a JPEG nor a PNG file");
  }
  const ImageSize size = is_png_ ? png_.Open(file) : jpeg_.Open(file);
  if (int64_t{size.width} * size.height > kPixelsMax) {
    throw core::Error(absl::StrCat(size.width, " x ", size.height,
                                   " pixels are more than the limit of ", kPixelsMax));
  }
  return size;
}

int Decoder::LargestShrink(const Box& box, ImageSize target) const {
  if (is_png_) return 1;
  int shrink = 8;
  while (shrink > 1 && (box.width / shrink < target.width || box.height / shrink < target.height)) {
    shrink /= 2;
  }
  return shrink;
}

Pixels Decoder::Decode(const Box& region, int shrink) {
  return is_png_ ? png_.Decode(region) : jpeg_.Decode(region, shrink);
}

}  // namespace backends
