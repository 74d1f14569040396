#ifndef BACKENDS_IMAGES_DECODE_JPEG_DECODER_H_
#define BACKENDS_IMAGES_DECODE_JPEG_DECODER_H_

#include <cstdint>
#include <memory>
#include <span>

#include "backends/images/decode/pixels.h"
#include "backends/images/decode/scratch_bytes.h"

namespace backends {

// Decodes JPEG files to the pixels that Pillow's Image.open(file).convert("RGB") gives: EXIF
// orientation is ignored, grey repeated three times, CMYK converted as Pillow does. One image at a
// time; memory is used again for the next.
//
// Throws core::Error, without the file's name, for what Pillow refuses: not a JPEG file, one that
// is cut off, an unsupported kind; also for more than 500 scans. Like Pillow it makes the best of damaged data in a complete
// file.
class JpegDecoder {
 public:
  JpegDecoder();
  ~JpegDecoder();

  static bool Recognizes(std::span<const uint8_t> file);

  // Reads the header. `file` outlives the call of Decode.
  ImageSize Open(std::span<const uint8_t> file);

  // Decodes `region`, in pixels of the image shrunk by `shrink` (1, 2, 4 or 8; sizes rounded up),
  // once per Open. The pixels are the same as if the whole image were decoded, and stay valid until
  // the next call.
  Pixels Decode(const Box& region, int shrink);

 private:
  struct State;

  std::unique_ptr<State> state_;
  ScratchBytes storage_;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_DECODE_JPEG_DECODER_H_
