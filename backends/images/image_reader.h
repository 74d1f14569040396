#ifndef BACKENDS_IMAGES_IMAGE_READER_H_
#define BACKENDS_IMAGES_IMAGE_READER_H_

#include <cstdint>
#include <string>

#include "backends/images/decode/decoder.h"
#include "backends/images/decode/pixels.h"
#include "backends/images/transform/crop.h"
#include "backends/images/transform/resizer.h"

namespace backends {

// Turns image files into pixels of batches. Throws core::Error, without the file's name, for a file
// that is no readable image. Not for use by several threads at once.
class ImageReader {
 public:
  // Reads the file and its header.
  ImageSize Open(const std::string& path);

  // Stores the window of `crop` of the image last opened, once per Open: rows from the top, 3
  // values a pixel; float, normalized, or uint8_t. With `scaled_decoding`, libjpeg may shrink the
  // image first, to no less than the crop's target: other pixels than torchvision's.
  template <typename Value>
  void Read(const Crop& crop, bool scaled_decoding, Value* target) {
    resizer_.Resize(Decode(crop, scaled_decoding), target);
  }

 private:
  // What the crop needs of the image, having planned its resize.
  Pixels Decode(const Crop& crop, bool scaled_decoding);

  std::string file_;
  Decoder decoder_;
  Resizer resizer_;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_IMAGE_READER_H_
