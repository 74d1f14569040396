#include "backends/images/decode/jpeg_encoder.h"

// jpeglib.h needs cstdio before it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include <cstdlib>

namespace backends {
namespace {

void SetUp(ImageSize size, const JpegKind& kind, jpeg_compress_struct& jpeg) {
  jpeg.image_width = size.width;
  jpeg.image_height = size.height;
  jpeg.input_components = kind.components;
  jpeg.in_color_space = kind.components == 1   ? JCS_GRAYSCALE
                        : kind.components == 3 ? JCS_RGB
                                               : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, kind.quality, TRUE);
  jpeg.comp_info[0].h_samp_factor = kind.horizontal;
  jpeg.comp_info[0].v_samp_factor = kind.vertical;
  if (kind.progressive) jpeg_simple_progression(&jpeg);
  jpeg.restart_interval = kind.restart_interval;
}

}  // namespace

std::vector<uint8_t> EncodeJpeg(const std::vector<uint8_t>& samples, ImageSize size,
                                const JpegKind& kind) {
  jpeg_compress_struct jpeg;
  jpeg_error_mgr errors;  // An error here is our own: libjpeg says what it is and ends the program.
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* file = nullptr;
  unsigned long file_size = 0;
  jpeg_mem_dest(&jpeg, &file, &file_size);
  SetUp(size, kind, jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  const size_t row_bytes = size_t{1} * size.width * kind.components;
  for (int y = 0; y < size.height; ++y) {
    JSAMPROW row = const_cast<JSAMPROW>(&samples[y * row_bytes]);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::vector<uint8_t> result(file, file + file_size);
  std::free(file);
  return result;
}

}  // namespace backends
