#include "backends/images/testing/jpeg_writer.h"

// jpeglib.h needs cstdio before it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include <cstdlib>
#include <random>

namespace backends {
namespace {

constexpr int kQuality = 85;

void SetUp(jpeg_compress_struct& jpeg, ImageSize size, const JpegKind& kind) {
  jpeg.image_width = size.width;
  jpeg.image_height = size.height;
  jpeg.input_components = kind.components;
  jpeg.in_color_space = kind.components == 1   ? JCS_GRAYSCALE
                        : kind.components == 3 ? JCS_RGB
                                               : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, kQuality, TRUE);
  jpeg.comp_info[0].h_samp_factor = kind.horizontal;
  jpeg.comp_info[0].v_samp_factor = kind.vertical;
  if (kind.progressive) jpeg_simple_progression(&jpeg);
  jpeg.restart_interval = kind.restart_interval;
}

}  // namespace

std::vector<uint8_t> WriteNoiseJpeg(ImageSize size, const JpegKind& kind) {
  jpeg_compress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* file = nullptr;
  unsigned long file_size = 0;
  jpeg_mem_dest(&jpeg, &file, &file_size);
  SetUp(jpeg, size, kind);
  jpeg_start_compress(&jpeg, TRUE);
  std::mt19937 engine(size.width);
  std::vector<uint8_t> row(size.width * kind.components);
  for (int y = 0; y < size.height; ++y) {
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] = (3 * y + 2 * i + i % kind.components * 60) / 8 * 3 + engine() % 64;
    }
    JSAMPROW pointer = row.data();
    jpeg_write_scanlines(&jpeg, &pointer, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::vector<uint8_t> result(file, file + file_size);
  std::free(file);
  return result;
}

}  // namespace backends
