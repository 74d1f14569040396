#ifndef BACKENDS_IMAGES_DECODE_DECODER_H_
#define BACKENDS_IMAGES_DECODE_DECODER_H_

#include <cstdint>
#include <span>

#include "backends/images/decode/jpeg_decoder.h"
#include "backends/images/decode/pixels.h"
#include "backends/images/decode/png_decoder.h"

namespace backends {

// Decodes JPEG and PNG files, told apart by their content, as torchvision's default loader does
// with Pillow. Throws core::Error without the file's name. Not for use by several threads at once.
class Decoder {
 public:
  // Reads the header. `file` outlives the call of Decode.
  ImageSize Open(std::span<const uint8_t> file);

  // By how much Decode may shrink the image and leave `box` at least `target`: 1, 2, 4 or 8.
  int LargestShrink(const Box& box, ImageSize target) const;

  // Decodes `region`, in pixels of the image shrunk by `shrink`, once per Open. The pixels stay
  // valid until the next call.
  Pixels Decode(const Box& region, int shrink = 1);

 private:
  bool is_png_ = false;
  JpegDecoder jpeg_;
  PngDecoder png_;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_DECODE_DECODER_H_
