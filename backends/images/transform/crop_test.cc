#include "backends/images/transform/crop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "backends/images/transform/torch_generator.h"
#include "core/base/error.h"

namespace backends {
namespace {

const nlohmann::json& Golden() {
  static const nlohmann::json golden =
      nlohmann::json::parse(std::ifstream("backends/images/testdata/random_resized_crop.json"));
  return golden;
}

// Top, left, height, width, as torchvision writes it.
std::vector<int> InTorchvisionsOrder(const Box& box) {
  return {box.top, box.left, box.height, box.width};
}

TEST(CropTest, DrawsTheBoxesOfTorchvision) {
  TorchGenerator generator(0);
  for (const nlohmann::json& expected : Golden()["first_boxes_seed_0"]) {
    EXPECT_EQ(InTorchvisionsOrder(RandomBox({500, 375}, generator)), expected);
  }
}

// One box in 200,000 is a pixel lower than PyTorch's, whose exp differs in the last bit. Were the
// stream of random numbers different, the means would be off by a thousand times as much.
TEST(CropTest, DrawsBoxesWithTheStatisticsOfTorchvision) {
  TorchGenerator generator(0);
  const int draws = Golden()["draws"];
  double area = 0, log_aspect = 0, height = 0, width = 0;
  for (int i = 0; i < draws; ++i) {
    const Box box = RandomBox({500, 375}, generator);
    area += box.width * box.height / (500.0 * 375);
    log_aspect += std::log(static_cast<double>(box.width) / box.height);
    height += box.height;
    width += box.width;
  }
  const auto expect_mean = [&](const char* name, double sum) {
    const double mean = Golden()[name]["mean"];
    EXPECT_NEAR(sum / draws, mean, 1e-6 * std::abs(mean)) << name;
  };
  expect_mean("area_fraction", area);
  expect_mean("log_aspect_ratio", log_aspect);
  expect_mean("crop_height", height);
  expect_mean("crop_width", width);
}

TEST(CropTest, TakesTheMiddleWhereNoDrawFits) {
  for (const nlohmann::json& expected : Golden()["fallback"]) {
    SCOPED_TRACE(expected.dump());
    const ImageSize size{expected["width"], expected["height"]};
    TorchGenerator generator(0);
    // Too narrow for even 8 % of the area, so that the scale does not matter.
    EXPECT_EQ(InTorchvisionsOrder(RandomBox(size, generator)), expected["box"]);
  }
}

TEST(CropTest, FlipsAsTorchvisionDoes) {
  TorchGenerator generator(0);
  for (const bool expected : Golden()["flip"]["first_seed_0"]) {
    EXPECT_EQ(generator.Uniform(0, 1) < 0.5f, expected);
  }
}

TEST(CropTest, FlipsAfterTheBoxIsDrawn) {
  TorchGenerator generator(3), again(3);
  int flips = 0;
  for (int i = 0; i < 1000; ++i) {
    const Crop crop = TrainingCrop({500, 375}, 64, generator);
    EXPECT_EQ(InTorchvisionsOrder(crop.source), InTorchvisionsOrder(RandomBox({500, 375}, again)));
    EXPECT_EQ(crop.flip, again.Uniform(0, 1) < 0.5f);
    flips += crop.flip;
  }
  EXPECT_NEAR(flips, 500, 4 * std::sqrt(250));
}

// torchvision 0.26.0: T.Resize(int(size * 8 / 7)), T.CenterCrop(size).
TEST(CropTest, KeepsTheProportionsOf256To224ForOtherSizes) {
  const Crop crop = ValidationCrop({500, 375}, 64);

  EXPECT_EQ(crop.target.width, 97);  // int(73 * 500 / 375)
  EXPECT_EQ(crop.target.height, 73);
  EXPECT_EQ(crop.window.left, 16);  // round(16.5), to even
  EXPECT_EQ(crop.window.top, 4);    // round(4.5), to even
}

// torchvision computes in integers without end: int(shorter * longer_now / shorter_now).
TEST(CropTest, LongAndThinImagesKeepTheirProportionsOrAreRefused) {
  std::mt19937 engine(1);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto side = [&engine] { return 1 + static_cast<int>(engine() % (1 << engine() % 21)); };
    const ImageSize image = i % 20 ? ImageSize{side(), side()} : ImageSize{1, 1'000'000};
    const int size = 32 + engine() % 4065;
    const __int128 shorter = size * 8 / 7, lesser = std::min(image.width, image.height);
    const __int128 longer = shorter * std::max(image.width, image.height) / lesser;
    if (longer > 0x7fffffff) {
      EXPECT_THROW(ValidationCrop(image, size), core::Error);
      ++refused;
      continue;
    }
    const Crop crop = ValidationCrop(image, size);
    const bool wide = image.width >= image.height;
    ASSERT_EQ(wide ? crop.target.width : crop.target.height, static_cast<int>(longer));
    ASSERT_EQ(wide ? crop.target.height : crop.target.width, static_cast<int>(shorter));
    ASSERT_GE(std::min(crop.window.left, crop.window.top), 0);
    ASSERT_LE(crop.window.right(), crop.target.width);
    ASSERT_LE(crop.window.bottom(), crop.target.height);
    TorchGenerator generator(i);
    const Box box = RandomBox(image, generator);
    ASSERT_GE(std::min({box.left, box.top, box.width - 1, box.height - 1}), 0);
    ASSERT_LE(box.right(), image.width);
    ASSERT_LE(box.bottom(), image.height);
  }
  EXPECT_GT(refused, 10);
}

TEST(CropTest, CoversTheSamePartOfAShrunkImage) {
  const Crop crop =
      ShrunkBy(4, {.source = {10, 9, 31, 12}, .target = {5, 3}, .window = {0, 0, 5, 3}});

  EXPECT_EQ(crop.source.left, 2);
  EXPECT_EQ(crop.source.right(), 11);
  EXPECT_EQ(crop.source.top, 2);
  EXPECT_EQ(crop.source.bottom(), 6);
}

}  // namespace
}  // namespace backends
