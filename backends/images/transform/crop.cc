#include "backends/images/transform/crop.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace backends {
namespace {

constexpr int kAttempts = 10;
constexpr float kSmallestArea = 0.08f;  // Of the image's.
constexpr double kNarrowest = 3.0 / 4;  // Width over height.
constexpr double kWidest = 4.0 / 3;

// As Python's round: halves to even.
int Round(double value) { return static_cast<int>(std::nearbyint(value)); }

// What remains if no attempt fits: as much of the middle as the proportions allow.
Box CentralBox(ImageSize image) {
  const double proportion = static_cast<double>(image.width) / image.height;
  Box box{.width = image.width, .height = image.height};
  if (proportion < kNarrowest) {
    box.height = Round(image.width / kNarrowest);
  } else if (proportion > kWidest) {
    box.width = Round(image.height * kWidest);
  }
  box.left = (image.width - box.width) / 2;
  box.top = (image.height - box.height) / 2;
  return box;
}

int CenterOffset(int size, int window) { return Round((size - window) / 2.0); }

}  // namespace

Box RandomBox(ImageSize image, TorchGenerator& generator) {
  const float log_narrowest = std::log(static_cast<float>(kNarrowest));
  const float log_widest = std::log(static_cast<float>(kWidest));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double area =
        static_cast<double>(image.width) * image.height * generator.Uniform(kSmallestArea, 1);
    const double proportion = std::exp(generator.Uniform(log_narrowest, log_widest));
    Box box{.width = Round(std::sqrt(area * proportion)),
            .height = Round(std::sqrt(area / proportion))};
    if (box.width <= 0 || box.width > image.width) continue;
    if (box.height <= 0 || box.height > image.height) continue;
    box.top = generator.Integer(image.height - box.height + 1);
    box.left = generator.Integer(image.width - box.width + 1);
    return box;
  }
  return CentralBox(image);
}

Crop TrainingCrop(ImageSize image, int size, TorchGenerator& generator) {
  const Box source = RandomBox(image, generator);
  return {.source = source,
          .target = {size, size},
          .window = {0, 0, size, size},
          .flip = generator.Uniform(0, 1) < 0.5f};
}

Crop ValidationCrop(ImageSize image, int size) {
  const int shorter = static_cast<int>(int64_t{size} * 8 / 7);
  // Integers as in torchvision: the longer side is rounded down.
  const bool wide = image.width >= image.height;
  const int shorter_now = wide ? image.height : image.width;
  const int longer_now = wide ? image.width : image.height;
  const int64_t exact = int64_t{shorter} * longer_now / shorter_now;
  if (exact > std::numeric_limits<int>::max()) {
    throw core::Error(absl::StrCat(image.width, " x ", image.height,
                                   " pixels are too long and thin for --image-size=", size));
  }
  const int longer = static_cast<int>(exact);
  const ImageSize target = wide ? ImageSize{longer, shorter} : ImageSize{shorter, longer};
  return {
      .source = {0, 0, image.width, image.height},
      .target = target,
      .window = {CenterOffset(target.width, size), CenterOffset(target.height, size), size, size}};
}

Crop ShrunkBy(int shrink, Crop crop) {
  const auto round_up = [shrink](int value) { return (value + shrink - 1) / shrink; };
  const Box& box = crop.source;
  const int left = box.left / shrink;
  const int top = box.top / shrink;
  crop.source = {left, top, round_up(box.right()) - left, round_up(box.bottom()) - top};
  return crop;
}

}  // namespace backends
