#ifndef BACKENDS_IMAGES_DECODE_PNG_DECODER_H_
#define BACKENDS_IMAGES_DECODE_PNG_DECODER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backends/images/decode/pixels.h"
#include "backends/images/decode/scratch_bytes.h"

namespace backends {

// Decodes PNG files to the pixels that Pillow's Image.open(file).convert("RGB") gives: transparency
// is dropped, 16-bit colours keep their high byte, 16-bit grey above 255 becomes white. Otherwise
// as JpegDecoder. Memory is what the region takes; of an interlaced file the whole image, 4 bytes a
// pixel.
class PngDecoder {
 public:
  PngDecoder();
  ~PngDecoder();

  static bool Recognizes(std::span<const uint8_t> file);

  // Reads the header. `file` outlives the call of Decode.
  ImageSize Open(std::span<const uint8_t> file);

  // The pixels of `region`, once per Open; they stay valid until the next call.
  Pixels Decode(const Box& region);

 private:
  struct State;

  // Reads `region` alone into `pixels_`, row by row.
  Pixels DecodeRows(const Box& region);
  // Reads the whole image, as passes over all of it need.
  Pixels DecodeInterlaced(const Box& region);

  std::unique_ptr<State> state_;
  ScratchBytes pixels_;
  ScratchBytes row_;
  std::vector<uint8_t*> rows_;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_DECODE_PNG_DECODER_H_
