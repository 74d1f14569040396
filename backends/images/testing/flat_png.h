#ifndef BACKENDS_IMAGES_TESTING_FLAT_PNG_H_
#define BACKENDS_IMAGES_TESTING_FLAT_PNG_H_

#include <png.h>

#include <cstdint>
#include <vector>

#include "backends/images/decode/pixels.h"

namespace backends {

// A PNG file of one grey, whatever its size a small one. Of its rows only the first `rows` are there.
inline std::vector<uint8_t> FlatPng(ImageSize size, int rows, bool interlaced = false) {
  std::vector<uint8_t> file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &file,
      [](png_structp writer, png_bytep bytes, size_t count) {
        auto& target = *static_cast<std::vector<uint8_t>*>(png_get_io_ptr(writer));
        target.insert(target.end(), bytes, bytes + count);
      },
      nullptr);
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  png_set_IHDR(png, info, size.width, size.height, 8, PNG_COLOR_TYPE_GRAY,
               interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  if (rows == 0) png_write_chunk(png, reinterpret_cast<png_const_bytep>("IDAT"), nullptr, 0);
  const std::vector<uint8_t> row(rows > 0 ? size.width : 0, 77);
  for (int pass = png_set_interlace_handling(png); pass > 0; --pass) {
    for (int y = 0; y < rows; ++y) png_write_row(png, row.data());
  }
  if (rows == size.height) png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return file;
}

}  // namespace backends

#endif  // BACKENDS_IMAGES_TESTING_FLAT_PNG_H_
