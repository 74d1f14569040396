// The whole way from a file to normalized pixels, against torchvision on Pillow.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "backends/images/decode/decoder.h"
#include "backends/images/testing/fnv1a64.h"
#include "backends/images/transform/crop.h"
#include "backends/images/transform/resizer.h"

namespace backends {
namespace {

const nlohmann::json& Golden() {
  static const nlohmann::json golden =
      nlohmann::json::parse(std::ifstream("backends/images/testdata/transforms.json"));
  return golden;
}

std::vector<uint8_t> ReadTestImage(const std::string& name) {
  std::ifstream file("backends/images/testdata/images/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <typename Value>
std::vector<Value> Transform(const std::vector<uint8_t>& file, const Crop& crop) {
  Decoder decoder;
  Resizer resizer;
  decoder.Open(file);
  std::vector<Value> result(3 * crop.window.width * crop.window.height);
  resizer.Resize(decoder.Decode(resizer.Plan(crop)), result.data());
  return result;
}

std::string Hash(const std::vector<uint8_t>& values) {
  return Fnv1a64(values.data(), values.size());
}

// The golden files count channels first; we store them last.
int64_t ChannelsLast(int64_t index, int64_t size) {
  const int64_t channel = index / (size * size);
  return index % (size * size) * 3 + channel;
}

void ExpectNormalized(const std::vector<float>& values, const nlohmann::json& expected) {
  const std::vector<int64_t> at = Golden()["sample_at"]["224"];
  for (size_t i = 0; i < at.size(); ++i) {
    const float want = expected["values"][i];
    EXPECT_NEAR(values[ChannelsLast(at[i], 224)], want, 1e-6) << "value " << at[i];
  }
  for (int channel = 0; channel < 3; ++channel) {
    const double count = values.size() / 3;
    double mean = 0, variance = 0;
    for (size_t i = channel; i < values.size(); i += 3) mean += values[i] / count;
    for (size_t i = channel; i < values.size(); i += 3) {
      variance += (values[i] - mean) * (values[i] - mean) / count;
    }
    EXPECT_NEAR(mean, static_cast<double>(expected["mean"][channel]), 1e-6);
    EXPECT_NEAR(std::sqrt(variance), static_cast<double>(expected["std"][channel]), 1e-6);
  }
}

TEST(TransformsTest, ResizesAndCropsForValidationAsTorchvisionDoes) {
  for (const nlohmann::json& image : Golden()["images"]) {
    SCOPED_TRACE(image["file"]);
    const std::vector<uint8_t> file = ReadTestImage(image["file"]);
    const nlohmann::json& expected = image["resize256_centercrop224"];

    const Crop crop = ValidationCrop({image["width"], image["height"]}, 224);

    EXPECT_EQ(crop.target.width, expected["resized_width"]);
    EXPECT_EQ(crop.target.height, expected["resized_height"]);
    EXPECT_EQ(crop.window.left, expected["crop_left"]);
    EXPECT_EQ(crop.window.top, expected["crop_top"]);
    EXPECT_EQ(Hash(Transform<uint8_t>(file, crop)), expected["u8_fnv1a64"]);
    ExpectNormalized(Transform<float>(file, crop), expected);
  }
}

TEST(TransformsTest, ResizesWholeImagesAsPillowDoes) {
  for (const nlohmann::json& image : Golden()["images"]) {
    SCOPED_TRACE(image["file"]);
    const std::vector<uint8_t> file = ReadTestImage(image["file"]);
    const Crop crop{.source = {0, 0, image["width"], image["height"]},
                    .target = {224, 224},
                    .window = {0, 0, 224, 224}};

    EXPECT_EQ(Hash(Transform<uint8_t>(file, crop)), image["resize224x224"]["u8_fnv1a64"]);
    ExpectNormalized(Transform<float>(file, crop), image["resize224x224"]);
  }
}

TEST(TransformsTest, CropsResizesAndFlipsAsTorchvisionDoes) {
  int compared = 0;
  for (const nlohmann::json& image : Golden()["images"]) {
    const std::vector<uint8_t> file = ReadTestImage(image["file"]);
    for (const nlohmann::json& expected : image["resized_crop"]) {
      SCOPED_TRACE(expected["box"].dump() + " of " + image["file"].dump());
      const nlohmann::json& box = expected["box"];  // Top, left, height, width.
      const int size = expected["size"];
      const Crop crop{.source = {box[1], box[0], box[3], box[2]},
                      .target = {size, size},
                      .window = {0, 0, size, size},
                      .flip = expected["flip"]};

      const std::vector<uint8_t> values = Transform<uint8_t>(file, crop);

      EXPECT_EQ(Hash(values), expected["u8_fnv1a64"]);
      const std::vector<int64_t> at = Golden()["sample_at"][std::to_string(size)];
      for (size_t i = 0; i < at.size(); ++i) {
        EXPECT_EQ(values[ChannelsLast(at[i], size)], expected["u8"][i]);
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, 176);
}

// What Pillow's filter is by definition, pixel by pixel: a triangle as wide as a target's pixel
// spans source pixels, at least one, cut off at the image's edges.
double Interpolated(const std::vector<uint8_t>& grey, const Crop& crop, int x, int y) {
  const auto weights = [](int inputs, int outputs, int output) {
    const double scale = 1.0 * inputs / outputs, support = std::max(scale, 1.0);
    const double center = (output + 0.5) * scale;
    std::vector<std::pair<int, double>> taps;
    double sum = 0;
    const int begin = std::max(0, static_cast<int>(center - support) - 1);
    for (int i = begin; i < inputs && i < center + support + 1; ++i) {
      const double height = std::max(0.0, 1 - std::abs(i + 0.5 - center) / support);
      if (height > 0) taps.emplace_back(i, height);
      sum += height;
    }
    for (auto& [input, weight] : taps) weight /= sum;
    return taps;
  };
  const int mirrored = crop.flip ? crop.window.width - 1 - x : x;
  double value = 0;
  for (const auto& [row, down] :
       weights(crop.source.height, crop.target.height, crop.window.top + y)) {
    for (const auto& [column, across] :
         weights(crop.source.width, crop.target.width, crop.window.left + mirrored)) {
      value += down * across * grey[row * crop.source.width + column];
    }
  }
  return value;
}

// From 1 x 1,000,000 to 1,000,000 x 1 and all between.
TEST(TransformsTest, ResizesImagesOfAnyProportions) {
  std::mt19937 engine(7);
  const auto side = [&engine](double max) {
    return static_cast<int>(std::exp(std::uniform_real_distribution(0.0, std::log(max))(engine)));
  };
  std::vector<ImageSize> sizes = {{1'000'000, 1}, {1, 1'000'000}, {1'000'000, 3}, {1, 1}};
  for (int i = 0; i < 60; ++i) {
    const int one = side(1e6), other = side(1 + 1e6 / one);
    sizes.push_back(i % 2 ? ImageSize{one, other} : ImageSize{other, one});
  }
  for (const ImageSize& size : sizes) {
    SCOPED_TRACE(testing::Message() << size.width << " x " << size.height);
    std::vector<uint8_t> grey(int64_t{1} * size.width * size.height);
    for (uint8_t& value : grey) value = static_cast<uint8_t>(engine());
    Crop crop = ValidationCrop(size, 16);
    crop.flip = engine() % 2;
    Resizer resizer;
    const Box needed = resizer.Plan(crop);
    ASSERT_GE(std::min(needed.left, needed.top), 0);
    ASSERT_LE(needed.right(), size.width);
    ASSERT_LE(needed.bottom(), size.height);
    std::vector<uint8_t> pixels;
    for (int y = needed.top; y < needed.bottom(); ++y) {
      for (int x = needed.left; x < needed.right(); ++x) {
        pixels.insert(pixels.end(), Pixels::kBytes, grey[int64_t{1} * y * size.width + x]);
      }
    }
    std::vector<uint8_t> resized(3 * 16 * 16);
    resizer.Resize({.data = pixels.data(),
                    .size = {needed.width, needed.height},
                    .stride = ptrdiff_t{Pixels::kBytes} * needed.width},
                   resized.data());
    for (int i = 0; i < 16 * 16; i += 15) {
      ASSERT_NEAR(resized[3 * i], Interpolated(grey, crop, i % 16, i / 16), 1.01) << i;
    }
  }
}

}  // namespace
}  // namespace backends
