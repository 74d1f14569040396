#include "backends/images/image_reader.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/error.h"
#include "core/base/file.h"

namespace backends {

ImageSize ImageReader::Open(const std::string& path) {
  auto file = core::ReadFile(path, std::numeric_limits<int64_t>::max());
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
