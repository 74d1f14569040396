#include "backends/images/decode/png_decoder.h"

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "core/base/error.h"

namespace backends {

struct PngDecoder::State {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::span<const uint8_t> rest;  // What of the file libpng has not read yet.
  std::jmp_buf jump;
  char message[256] = "";

  ~State() { Close(); }

  void Close() { png_destroy_read_struct(&png, &info, nullptr); }

  // Runs `step`, which calls libpng and owns nothing that would need a destructor.
  template <typename Step>
  void Run(Step step) {
    if (setjmp(jump)) {
      Close();
      throw core::Error(message);
    }
    step();
  }

  static void Fail(png_structp png, png_const_charp message) {
    State& state = *static_cast<State*>(png_get_error_ptr(png));
    std::snprintf(state.message, sizeof(state.message), "broken PNG file: %s", message);
    std::longjmp(state.jump, 1);
  }
  static void IgnoreWarning(png_structp, png_const_charp) {}

  static void Read(png_structp png, png_bytep target, size_t count) {
    State& state = *static_cast<State*>(png_get_io_ptr(png));
    if (count > state.rest.size()) png_error(png, "it is truncated");
    std::memcpy(target, state.rest.data(), count);
    state.rest = state.rest.subspan(count);
  }

  bool IsDeepGrey() const {
    return png_get_bit_depth(png, info) == 16 &&
           png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY;
  }

  // Asks libpng for red, green, blue and a filler, or for two bytes of grey.
  void ChooseLayout() {
    png_set_interlace_handling(png);
    if (IsDeepGrey()) return;
    png_set_strip_16(png);
    const int type = png_get_color_type(png, info);
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
    if (!(type & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    png_set_filler(png, 0xFF, PNG_FILLER_AFTER);
  }
};

namespace {

// From two bytes of grey, the high one first, at the beginning of `row`, in place.
void DeepGreyToRgb(uint8_t* row, int width) {
  for (int x = width - 1; x >= 0; --x) {  // Backwards: a pixel is written behind where it is read.
    const uint8_t grey = row[2 * x] ? 255 : row[2 * x + 1];
    std::memset(row + x * Pixels::kBytes, grey, Pixels::kBytes);
  }
}

}  // namespace

PngDecoder::PngDecoder() : state_(std::make_unique<State>()) {}
PngDecoder::~PngDecoder() = default;

bool PngDecoder::Recognizes(std::span<const uint8_t> file) {
  return file.size() >= 8 && png_sig_cmp(file.data(), 0, 8) == 0;
}

ImageSize PngDecoder::Open(std::span<const uint8_t> file) {
  State& state = *state_;
  state.Close();
  state.rest = file;
  state.Run([&state] {
    state.png =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, State::Fail, State::IgnoreWarning);
    state.info = png_create_info_struct(state.png);
    // Texts and profiles, which unpack to a thousand times their size, are not looked at.
    png_set_keep_unknown_chunks(state.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_set_read_fn(state.png, &state, State::Read);
    png_read_info(state.png, state.info);
  });
  return {static_cast<int>(png_get_image_width(state.png, state.info)),
          static_cast<int>(png_get_image_height(state.png, state.info))};
}

Pixels PngDecoder::Decode(const Box& region) {
  State& state = *state_;
  state.Run([&state] {
    state.ChooseLayout();
    png_read_update_info(state.png, state.info);
  });
  const bool interlaced = png_get_interlace_type(state.png, state.info) != PNG_INTERLACE_NONE;
  const Pixels pixels = interlaced ? DecodeInterlaced(region) : DecodeRows(region);
  state.Close();
  return pixels;
}

Pixels PngDecoder::DecodeRows(const Box& region) {
  State& state = *state_;
  const int width = png_get_image_width(state.png, state.info);
  const int height = png_get_image_height(state.png, state.info);
  const bool deep_grey = state.IsDeepGrey();
  const ptrdiff_t stride = ptrdiff_t{Pixels::kBytes} * region.width;
  uint8_t* const pixels = pixels_.Fit(region.height * stride);
  uint8_t* const row = row_.Fit(size_t{Pixels::kBytes} * width);
  state.Run([&state, &region, pixels, row, width, height, deep_grey, stride] {
    // To the end, even if nobody needs it, so that a truncated file is found.
    for (int y = 0; y < height; ++y) {
      png_read_row(state.png, row, nullptr);
      if (y < region.top || y >= region.bottom()) continue;
      if (deep_grey) DeepGreyToRgb(row, width);
      std::memcpy(pixels + (y - region.top) * stride, row + region.left * Pixels::kBytes, stride);
    }
  });
  return {.data = pixels, .size = {region.width, region.height}, .stride = stride};
}

Pixels PngDecoder::DecodeInterlaced(const Box& region) {
  State& state = *state_;
  const int width = png_get_image_width(state.png, state.info);
  const int height = png_get_image_height(state.png, state.info);
  const ptrdiff_t stride = ptrdiff_t{Pixels::kBytes} * width;
  uint8_t* const pixels = pixels_.Fit(height * stride);
  rows_.resize(height);
  for (int y = 0; y < height; ++y) rows_[y] = pixels + y * stride;
  state.Run([&state, this] { png_read_image(state.png, rows_.data()); });
  if (state.IsDeepGrey()) {
    for (uint8_t* row : rows_) DeepGreyToRgb(row, width);
  }
  return {.data = rows_[region.top] + region.left * Pixels::kBytes,
          .size = {region.width, region.height},
          .stride = stride};
}

}  // namespace backends
