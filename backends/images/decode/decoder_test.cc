#include "backends/images/decode/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "backends/images/decode/scratch_bytes.h"
#include "backends/images/testing/flat_png.h"
#include "backends/images/testing/fnv1a64.h"
#include "backends/images/testing/noise_jpeg.h"
#include "core/base/error.h"
#include "core/base/process.h"

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

TEST(DecoderTest, RefusesMorePixelsThanTheLimitByTheHeaderAlone) {
  EXPECT_THAT(DecodingError(FlatPng({9460, 9459}, 0)), HasSubstr("9460 x 9459 pixels are more"));
  EXPECT_THAT(DecodingError(FlatPng({1'000'000, 1'000'000}, 0)), HasSubstr("limit"));
  EXPECT_THAT(DecodingError(FlatPng({0x7fffffff, 0x7fffffff}, 0)), HasSubstr("Invalid"));
  std::vector<uint8_t> jpeg = NoiseJpeg({64, 64}, {});
  for (size_t i = 0; i + 8 < jpeg.size(); ++i) {  // Its frame's header gets other sizes.
    if (jpeg[i] == 0xFF && jpeg[i + 1] == 0xC0) std::fill_n(&jpeg[i + 5], 4, 0xFD);
  }
  EXPECT_THAT(DecodingError(jpeg), HasSubstr("65021 x 65021 pixels are more than the limit of"));
}

// The other 36 million pixels are decoded, too, but never there at a time.
TEST(DecoderTest, MemoryIsWhatTheRegionNeeds) {
  const std::vector<uint8_t> file = FlatPng({6000, 6000}, 6000);
  core::Process process = *core::Process::Call([&file]() -> std::string {
    Decoder decoder;
    decoder.Open(file);
    const Pixels pixels = decoder.Decode({5000, 5000, 500, 500});
    return std::to_string(pixels.Row(499)[499 * Pixels::kBytes]);
  });
  EXPECT_EQ(process.Wait().ToString(), "exited with code 0");
  EXPECT_EQ(process.text(), "77");
  if (std::getenv("ASAN_OPTIONS")) GTEST_SKIP() << "the sanitizer needs memory of its own";
  EXPECT_LT(process.Wait().peak_memory_bytes, 64 << 20);
}

TEST(DecoderTest, TheMemoryOfAHugeImageIsGivenBackWithTheNext) {
  ScratchBytes scratch;
  const auto growth = [&](size_t bytes) {
    std::fill_n(scratch.Fit(bytes), bytes, uint8_t{1});
    return scratch.size();
  };
  EXPECT_EQ(growth(1000), 1000u);
  EXPECT_EQ(growth(100), 1000u);
  EXPECT_EQ(growth(300 << 20), size_t{300} << 20);
  EXPECT_EQ(growth(100), 100u);
}

TEST(DecoderTest, InterlacedPartsAreThoseOfTheWhole) {
  ExpectPartsEqualWhole(FlatPng({100, 37}, 37, /*interlaced=*/true), 1, 20);
}

TEST(DecoderTest, RefusesAProgressiveFileOfScansWithoutEnd) {
  std::vector<uint8_t> file = NoiseJpeg({64, 64}, {.progressive = true});
  size_t last = file.size();
  while (file[last - 2] != 0xFF || file[last - 1] != 0xDA) --last;  // Where its last scan starts.
  const std::vector<uint8_t> scan(file.begin() + last - 2, file.end() - 2);
  for (int i = 0; i < 600; ++i) file.insert(file.end() - 2, scan.begin(), scan.end());
  EXPECT_THAT(DecodingError(file), HasSubstr("more than 500 scans"));
}

// Flips, inserts, deletes, repeats or cuts bytes.
std::vector<uint8_t> Damaged(std::vector<uint8_t> bytes, std::mt19937& engine) {
  for (int k = 1 + engine() % 4; k > 0 && !bytes.empty(); --k) {
    const size_t at = engine() % bytes.size();
    const size_t length = std::min<size_t>(1 + engine() % 8, bytes.size() - at);
    switch (engine() % 6) {
      case 0:
        bytes.insert(bytes.begin() + at, engine());
        break;
      case 1:
        bytes.erase(bytes.begin() + at, bytes.begin() + at + length);
        break;
      case 2:
        bytes.resize(engine() % 8 == 0 ? at : bytes.size());
        break;
      default:
        bytes[engine() % 2 ? at % 1000 : at] = static_cast<uint8_t>(engine());
        break;
    }
  }
  return bytes;
}

TEST(DecoderTest, SurvivesDamagedFiles) {
  std::mt19937 engine(1);
  std::vector<std::vector<uint8_t>> files = {FlatPng({50, 40}, 40, /*interlaced=*/true)};
  for (const nlohmann::json& image : Golden()["images"]) {
    files.push_back(ReadTestImage(image["file"]));
  }
  for (const std::vector<uint8_t>& file : files) {
    for (int i = 0; i < 300; ++i) {
      DecodingError(Damaged(file, engine));  // Either way is fine, as long as it comes back.
    }
  }
}

}  // namespace
}  // namespace backends
