#include "backends/images/image_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/error.h"
#include "core/base/file.h"

namespace backends {

namespace {

// More than the largest image that is decoded takes without compression, 4 colours of 8 bits. What a
// folder can hold under an image's name should not fill the memory.
constexpr int64_t kFileBytesMax = int64_t{512} << 20;

}  // namespace

ImageSize ImageReader::Open(const std::string& path) {
  auto file = core::ReadFile(path, kFileBytesMax);
  if (!file.ok()) {
    throw core::Error(
        absl::StrReplaceAll(file.status().message(), {{absl::StrCat(" ", path), ""}}));
  }
  file_ = *std::move(file);
  return decoder_.Open({reinterpret_cast<const uint8_t*>(file_.data()), file_.size()});
}

Pixels ImageReader::Decode(const Crop& crop, bool scaled_decoding) {
  const int shrink = scaled_decoding ? decoder_.LargestShrink(crop.source, crop.target) : 1;
  const Box needed = resizer_.Plan(ShrunkBy(shrink, crop));
  return decoder_.Decode(needed, shrink);
}

}  // namespace backends
