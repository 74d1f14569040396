#include "backends/images/decode/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "backends/images/testing/fnv1a64.h"
#include "backends/images/testing/noise_jpeg.h"
#include "core/base/error.h"

namespace backends {
namespace {

using ::testing::HasSubstr;

// Red, green, blue of every pixel.
std::vector<uint8_t> Rgb(const Pixels& pixels) {
  std::vector<uint8_t> rgb;
  for (int y = 0; y < pixels.size.height; ++y) {
    for (int x = 0; x < pixels.size.width; ++x) {
      const uint8_t* pixel = pixels.Row(y) + x * Pixels::kBytes;
      rgb.insert(rgb.end(), pixel, pixel + 3);
    }
  }
  return rgb;
}

std::vector<uint8_t> Part(const std::vector<uint8_t>& rgb, int width, const Box& box) {
  std::vector<uint8_t> part;
  for (int y = box.top; y < box.bottom(); ++y) {
    const auto row = rgb.begin() + 3 * (y * width + box.left);
    part.insert(part.end(), row, row + 3 * box.width);
  }
  return part;
}

constexpr char kTestData[] = "backends/images/testdata/";

std::vector<uint8_t> ReadTestFile(const std::string& name) {
  std::ifstream file(kTestData + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<uint8_t> ReadTestImage(const std::string& name) {
  return ReadTestFile("images/" + name);
}

const nlohmann::json& Golden() {
  static const nlohmann::json golden = nlohmann::json::parse(ReadTestFile("transforms.json"));
  return golden;
}

std::vector<uint8_t> DecodeAll(const std::vector<uint8_t>& file) {
  Decoder decoder;
  const ImageSize size = decoder.Open(file);
  return Rgb(decoder.Decode({0, 0, size.width, size.height}));
}

std::string DecodingError(const std::vector<uint8_t>& file) {
  try {
    DecodeAll(file);
  } catch (const core::Error& error) {
    return error.what();
  }
  return "no error";
}

// Decodes random boxes of `file`, also at its borders, and compares them with the whole image.
void ExpectPartsEqualWhole(const std::vector<uint8_t>& file, int shrink, int boxes) {
  Decoder decoder;
  ImageSize size = decoder.Open(file);
  size = {(size.width + shrink - 1) / shrink, (size.height + shrink - 1) / shrink};
  const std::vector<uint8_t> whole = Rgb(decoder.Decode({0, 0, size.width, size.height}, shrink));
  std::mt19937 engine(size.width * 1000 + size.height);
  for (int i = 0; i < boxes; ++i) {
    Box box{.width = 1 + static_cast<int>(engine() % size.width),
            .height = 1 + static_cast<int>(engine() % size.height)};
    box.left = engine() % (size.width - box.width + 1);
    box.top = engine() % (size.height - box.height + 1);
    decoder.Open(file);
    ASSERT_EQ(Rgb(decoder.Decode(box, shrink)), Part(whole, size.width, box))
        << box.width << " x " << box.height << " at " << box.left << ", " << box.top << " of "
        << size.width << " x " << size.height << ", shrunk by " << shrink;
  }
}

TEST(DecoderTest, DecodesAsPillowDoes) {
  ASSERT_EQ(Golden()["images"].size(), 11u);
  for (const nlohmann::json& expected : Golden()["images"]) {
    SCOPED_TRACE(expected["file"]);
    const std::vector<uint8_t> file = ReadTestImage(expected["file"]);
    Decoder decoder;

    const ImageSize size = decoder.Open(file);
    ASSERT_EQ(size.width, expected["width"]);
    ASSERT_EQ(size.height, expected["height"]);
    const std::vector<uint8_t> rgb = Rgb(decoder.Decode({0, 0, size.width, size.height}));

    EXPECT_EQ(Fnv1a64(rgb.data(), rgb.size()), expected["rgb_fnv1a64"]);
  }
}

// testdata/png holds every kind of PNG, and what Pillow 13.0.0 makes of it.
TEST(DecoderTest, DecodesEveryKindOfPngAsPillowDoes) {
  const nlohmann::json golden = nlohmann::json::parse(ReadTestFile("png/png.json"));
  ASSERT_EQ(golden["images"].size(), 26u);
  for (const nlohmann::json& expected : golden["images"]) {
    SCOPED_TRACE(expected["file"]);
    const std::vector<uint8_t> rgb =
        DecodeAll(ReadTestFile("png/" + expected["file"].get<std::string>()));
    EXPECT_EQ(Fnv1a64(rgb.data(), rgb.size()), expected["rgb_fnv1a64"]);
  }
}

TEST(DecoderTest, DecodesPartsOfTheGoldenImagesToTheSamePixels) {
  for (const nlohmann::json& image : Golden()["images"]) {
    SCOPED_TRACE(image["file"]);
    ExpectPartsEqualWhole(ReadTestImage(image["file"]), 1, 100);
  }
}

struct JpegCase {
  std::string name;
  JpegKind kind;
};

class JpegPartsTest : public ::testing::TestWithParam<JpegCase> {};

TEST_P(JpegPartsTest, HaveTheSamePixelsAsTheWhole) {
  for (const ImageSize size : {ImageSize{97, 83}, {64, 64}, {33, 130}, {17, 9}, {240, 161}}) {
    const std::vector<uint8_t> file = NoiseJpeg(size, GetParam().kind);
    ExpectPartsEqualWhole(file, 1, 60);
    for (const int shrink : {2, 4, 8}) ExpectPartsEqualWhole(file, shrink, 15);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, JpegPartsTest,
    ::testing::Values(
        JpegCase{"Full", {.horizontal = 1, .vertical = 1}},
        JpegCase{"HalfAcross", {.horizontal = 2, .vertical = 1}},
        JpegCase{"HalfDown", {.horizontal = 1, .vertical = 2}},
        JpegCase{"HalfBoth", {.horizontal = 2, .vertical = 2}},
        JpegCase{"QuarterAcross", {.horizontal = 4, .vertical = 1}},
        JpegCase{"Grey", {.components = 1}},
        JpegCase{"Cmyk", {.components = 4, .horizontal = 1, .vertical = 1}},
        JpegCase{"Progressive", {.horizontal = 2, .vertical = 2, .progressive = true}},
        JpegCase{"Restarts", {.horizontal = 2, .vertical = 2, .restart_interval = 3}}),
    [](const auto& info) { return info.param.name; });

TEST(DecoderTest, RefusesWhatPillowRefuses) {
  ASSERT_EQ(Golden()["broken"].size(), 3u);
  EXPECT_THAT(DecodingError(ReadTestImage("empty.jpg")), HasSubstr("empty"));
  EXPECT_THAT(DecodingError(ReadTestImage("not_an_image.jpg")), HasSubstr("neither"));
  EXPECT_THAT(DecodingError(ReadTestImage("truncated_64x64.jpg")), HasSubstr("truncated"));
}

TEST(DecoderTest, RefusesAnyTruncatedFileEvenIfThePartNeededIsThere) {
  for (const std::string name : {"noise_240x180.jpg", "progressive_160x120.jpg", "cmyk_100x80.jpg",
                                 "png_alpha_64x48.JPEG"}) {
    const std::vector<uint8_t> file = ReadTestImage(name);
    ASSERT_FALSE(file.empty());
    for (const double share : {0.0, 0.01, 0.2, 0.5, 0.9, 0.98}) {
      const size_t size = share * file.size();
      const std::vector<uint8_t> cut(file.begin(), file.begin() + size);
      EXPECT_NE(DecodingError(cut), "no error") << size << " bytes of " << name;
    }
  }
  std::vector<uint8_t> file = ReadTestImage("noise_240x180.jpg");
  file.resize(file.size() - 2);  // All but the end marker.
  Decoder decoder;
  decoder.Open(file);
  EXPECT_THROW(decoder.Decode({8, 8, 1, 1}), core::Error);
}

TEST(DecoderTest, GoesOnAfterABrokenFile) {
  Decoder decoder;
  const std::vector<uint8_t> broken = ReadTestImage("truncated_64x64.jpg");
  const std::vector<uint8_t> good = ReadTestImage("noise_240x180.jpg");
  const std::vector<uint8_t> expected = DecodeAll(good);
  for (int i = 0; i < 3; ++i) {
    decoder.Open(broken);
    EXPECT_THROW(decoder.Decode({0, 0, 64, 64}), core::Error);

    decoder.Open(good);
    EXPECT_EQ(Rgb(decoder.Decode({0, 0, 240, 180})), expected);
  }
}

TEST(DecoderTest, SurvivesDamagedFiles) {
  std::mt19937 engine(1);
  for (const nlohmann::json& image : Golden()["images"]) {
    const std::vector<uint8_t> file = ReadTestImage(image["file"]);
    for (int i = 0; i < 50; ++i) {
      std::vector<uint8_t> damaged = file;
      for (int k = 0; k < 1 + i % 5; ++k) damaged[engine() % damaged.size()] = engine();
      DecodingError(damaged);  // Either way is fine, as long as it comes back.
    }
  }
}

}  // namespace
}  // namespace backends
