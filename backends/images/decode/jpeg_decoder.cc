#include "backends/images/decode/jpeg_decoder.h"

// jpeglib.h needs cstdio before it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <algorithm>
#include <csetjmp>
#include <string_view>

#include "core/base/error.h"

namespace backends {
namespace {

// Chroma is upsampled from its neighbours, and libjpeg takes a crop's edge for the image's: pixels
// this close to the edge of what is decoded may differ.
constexpr int kMargin = 2;
// Rows that libjpeg is asked for at once.
constexpr int kRowsAtOnce = 16;
// Of a file; encoders write some ten.
constexpr int kScansMax = 500;

struct Errors {
  jpeg_error_mgr manager;  // First: libjpeg hands out a pointer to it.
  std::jmp_buf jump;
  bool premature_end = false;
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void Fail(j_common_ptr jpeg) {
  Errors& errors = *reinterpret_cast<Errors*>(jpeg->err);
  jpeg->err->format_message(jpeg, errors.message);
  std::longjmp(errors.jump, 1);
}

void NoteWarning(j_common_ptr jpeg, int level) {
  if (level >= 0 || jpeg->err->msg_code != JWRN_JPEG_EOF) return;
  reinterpret_cast<Errors*>(jpeg->err)->premature_end = true;
}

void PrintNothing(j_common_ptr) {}

// Each scan of a progressive file is a pass over the whole image, however few bytes it has.
void LimitScans(j_common_ptr common) {
  if (reinterpret_cast<j_decompress_ptr>(common)->input_scan_number <= kScansMax) return;
  Errors& errors = *reinterpret_cast<Errors*>(common->err);
  std::snprintf(errors.message, sizeof(errors.message), "a JPEG file of more than %d scans",
                kScansMax);
  std::longjmp(errors.jump, 1);
}

// As in PIL: round(product / 255) of two bytes.
int MultiplyBytes(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

// In place. JPEG files hold inverted inks, so a stored byte is 255 − ink.
void CmykToRgb(uint8_t* row, int width) {
  for (uint8_t* pixel = row; pixel != row + width * Pixels::kBytes; pixel += Pixels::kBytes) {
    const int light = pixel[3];
    for (int channel = 0; channel < 3; ++channel) {
      pixel[channel] = std::max(0, light - MultiplyBytes(255 - pixel[channel], light));
    }
  }
}

}  // namespace

struct JpegDecoder::State {
  jpeg_decompress_struct jpeg{};
  Errors errors;
  jpeg_progress_mgr progress{.progress_monitor = LimitScans};

  // Runs `step`, which calls libjpeg and owns nothing that would need a destructor.
  template <typename Step>
  void Run(Step step) {
    if (setjmp(errors.jump)) {
      jpeg_abort_decompress(&jpeg);
      throw core::Error(errors.message);
    }
    step();
  }

  // Whether the file goes on to its end marker. Inside the coded data 0xFF is always followed by
  // something else, so that a search is enough; decoding the rest would take far longer.
  bool ReachesEnd() {
    if (jpeg_input_complete(&jpeg) || jpeg.unread_marker == JPEG_EOI) return true;
    const std::string_view rest(reinterpret_cast<const char*>(jpeg.src->next_input_byte),
                                jpeg.src->bytes_in_buffer);
    return rest.find("\xFF\xD9") != std::string_view::npos;
  }
};

JpegDecoder::JpegDecoder() : state_(std::make_unique<State>()) {
  state_->jpeg.err = jpeg_std_error(&state_->errors.manager);
  state_->errors.manager.error_exit = Fail;
  state_->errors.manager.emit_message = NoteWarning;
  state_->errors.manager.output_message = PrintNothing;
  state_->Run([this] { jpeg_create_decompress(&state_->jpeg); });
  state_->jpeg.progress = &state_->progress;
}

JpegDecoder::~JpegDecoder() { jpeg_destroy_decompress(&state_->jpeg); }

bool JpegDecoder::Recognizes(std::span<const uint8_t> file) {
  return file.size() >= 3 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF;
}

ImageSize JpegDecoder::Open(std::span<const uint8_t> file) {
  jpeg_decompress_struct& jpeg = state_->jpeg;
  jpeg_abort_decompress(&jpeg);
  state_->errors.premature_end = false;
  state_->Run([&jpeg, file] {
    jpeg_mem_src(&jpeg, file.data(), file.size());
    jpeg_read_header(&jpeg, TRUE);
  });
  if (jpeg.num_components != 1 && jpeg.num_components != 3 && jpeg.num_components != 4) {
    throw core::Error("a JPEG file with " + std::to_string(jpeg.num_components) +
                      " colour components");
  }
  return {static_cast<int>(jpeg.image_width), static_cast<int>(jpeg.image_height)};
}

Pixels JpegDecoder::Decode(const Box& region, int shrink) {
  jpeg_decompress_struct& jpeg = state_->jpeg;
  JDIMENSION left = 0;
  state_->Run([&jpeg, &region, &left, shrink] {
    jpeg.out_color_space = jpeg.num_components == 4 ? JCS_CMYK : JCS_EXT_RGBX;
    jpeg.scale_num = 1;
    jpeg.scale_denom = shrink;
    jpeg_start_decompress(&jpeg);
    left = std::max(0, region.left - kMargin);
    const JDIMENSION right = std::min<JDIMENSION>(jpeg.output_width, region.right() + kMargin);
    JDIMENSION width = right - left;
    if (width < jpeg.output_width) jpeg_crop_scanline(&jpeg, &left, &width);  // To whole blocks.
    if (region.top > kMargin) jpeg_skip_scanlines(&jpeg, region.top - kMargin);
  });
  const ptrdiff_t stride = ptrdiff_t{Pixels::kBytes} * jpeg.output_width;
  const int rows = region.bottom() - jpeg.output_scanline;
  const int rows_above = rows - region.height;
  uint8_t* const storage = storage_.Fit(rows * stride);
  state_->Run([&jpeg, storage, stride, rows] {
    JSAMPROW pointers[kRowsAtOnce];
    for (int row = 0; row < rows;) {
      const int count = std::min(kRowsAtOnce, rows - row);
      for (int i = 0; i < count; ++i) pointers[i] = storage + (row + i) * stride;
      row += jpeg_read_scanlines(&jpeg, pointers, count);
    }
  });
  const bool complete = state_->ReachesEnd() && !state_->errors.premature_end;
  if (jpeg.num_components == 4) {
    for (int row = 0; row < rows; ++row) {
      CmykToRgb(storage + row * stride, jpeg.output_width);
    }
  }
  jpeg_abort_decompress(&jpeg);
  if (!complete) throw core::Error("the JPEG file is truncated");
  return {.data = storage + rows_above * stride +
                  (region.left - static_cast<int>(left)) * Pixels::kBytes,
          .size = {region.width, region.height},
          .stride = stride};
}

}  // namespace backends
