#include "backends/images/image_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "backends/images/distributed_sampler.h"
#include "backends/images/image_reader.h"
#include "backends/images/testing/flat_png.h"
#include "backends/images/testing/noise_jpeg.h"
#include "backends/images/transform/normalization.h"
#include "core/base/error.h"
#include "core/testing/limited_process.h"

namespace backends {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int kImageSize = 8;

struct Epoch {
  std::vector<int64_t> labels;
  std::vector<int64_t> counts;  // By batch.
  std::vector<float> pixels;
};

Epoch Read(ImageLoader& loader, int epoch) {
  Epoch all;
  loader.BeginEpoch(epoch, 0);
  while (const std::shared_ptr<const Batch> batch = loader.Next()) {
    EXPECT_EQ(batch->count, std::ssize(batch->labels));
    EXPECT_EQ(batch->count * batch->size * batch->size * 3, std::ssize(batch->pixels));
    all.counts.push_back(batch->count);
    all.labels.insert(all.labels.end(), batch->labels.begin(), batch->labels.end());
    all.pixels.insert(all.pixels.end(), batch->pixels.begin(), batch->pixels.end());
  }
  return all;
}

void Write(const std::string& path, const std::vector<uint8_t>& content) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(content.data()), content.size());
}

// A folder with one image per class, so that the label says which image it is.
class ImageLoaderTest : public ::testing::Test {
 protected:
  ImageLoaderTest()
      : root_(std::filesystem::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    folder_.path = root_;
  }
  ~ImageLoaderTest() override { std::filesystem::remove_all(root_); }

  void AddImages(int count) {
    for (int i = 0; i < count; ++i) {
      const std::vector<uint8_t> jpeg = NoiseJpeg({16 + i % 40, 24 + i % 7}, {});
      const std::string path = root_ / (std::to_string(folder_.files.size()) + ".jpg");
      Write(path, jpeg);
      folder_.files.push_back({path, std::ssize(folder_.files)});
    }
  }

  void Break(int image) { std::ofstream(folder_.files[image].path) << "no image"; }

  std::filesystem::path root_;
  ImageFolder folder_;
};

ImageLoaderOptions Options(Split split) {
  return {.split = split, .batch_size = 4, .image_size = kImageSize, .workers = 2, .on_skip = {}};
}

TEST_F(ImageLoaderTest, GivesTheSameBatchesWhateverTheNumberOfWorkers) {
  AddImages(30);
  for (const Split split : {Split::kTraining, Split::kValidation}) {
    ImageLoaderOptions options = Options(split);
    options.workers = 0;
    ImageLoader reference(folder_, options);
    const Epoch first = Read(reference, 0), second = Read(reference, 1);
    for (const int workers : {1, 2, 5}) {
      for (const int ahead : {1, 3}) {
        options.workers = workers;
        options.batches_ahead = ahead;
        ImageLoader loader(folder_, options);
        for (const int epoch : {0, 1, 0}) {
          const Epoch& expected = epoch == 0 ? first : second;
          const Epoch read = Read(loader, epoch);
          EXPECT_EQ(read.labels, expected.labels);
          EXPECT_EQ(read.pixels, expected.pixels);
        }
      }
    }
  }
}

TEST_F(ImageLoaderTest, TrainsInDistributedSamplersOrderAndDropsTheIncompleteBatch) {
  AddImages(31);
  for (int rank = 0; rank < 3; ++rank) {
    ImageLoaderOptions options = Options(Split::kTraining);
    options.rank = rank;
    options.ranks = 3;
    options.seed = 5;
    ImageLoader loader(folder_, options);
    EXPECT_EQ(loader.batches_per_epoch(), 2);
    for (const int epoch : {0, 3}) {
      std::vector<int64_t> expected =
          DistributedSamples({.size = 31, .rank = rank, .ranks = 3, .seed = 5}, epoch);
      expected.resize(8);

      const Epoch read = Read(loader, epoch);

      EXPECT_THAT(read.counts, ElementsAre(4, 4));
      EXPECT_EQ(read.labels, expected);
    }
  }
}

TEST_F(ImageLoaderTest, DrawsOtherCropsInOtherEpochsAndWithOtherSeeds) {
  AddImages(4);
  ImageLoaderOptions options = Options(Split::kTraining);
  ImageLoader loader(folder_, options);
  options.seed = 1;
  ImageLoader other(folder_, options);
  const auto sorted = [](Epoch epoch) {
    std::sort(epoch.pixels.begin(), epoch.pixels.end());
    return epoch.pixels;
  };

  EXPECT_NE(sorted(Read(loader, 0)), sorted(Read(loader, 1)));
  EXPECT_NE(sorted(Read(loader, 0)), sorted(Read(other, 0)));
}

TEST_F(ImageLoaderTest, ValidatesEveryImageOnceOverAllRanks) {
  AddImages(23);
  std::vector<int64_t> labels;
  ImageReader reader;
  for (int rank = 0; rank < 3; ++rank) {
    ImageLoaderOptions options = Options(Split::kValidation);
    options.rank = rank;
    options.ranks = 3;
    ImageLoader loader(folder_, options);
    EXPECT_EQ(loader.batches_per_epoch(), 2);

    const Epoch epoch = Read(loader, 0);

    labels.insert(labels.end(), epoch.labels.begin(), epoch.labels.end());
    std::vector<float> expected(3 * kImageSize * kImageSize);
    for (size_t i = 0; i < epoch.labels.size(); ++i) {
      const ImageSize size = reader.Open(folder_.files[epoch.labels[i]].path);
      reader.Read(ValidationCrop(size, kImageSize), false, expected.data());
      EXPECT_TRUE(
          std::equal(expected.begin(), expected.end(), epoch.pixels.begin() + i * expected.size()));
    }
  }
  std::sort(labels.begin(), labels.end());
  std::vector<int64_t> all;
  for (int64_t i = 0; i < 23; ++i) all.push_back(i);
  EXPECT_EQ(labels, all);
}

TEST_F(ImageLoaderTest, PutsTheNextReadableImageInTheTrainingPlaceOfABrokenOne) {
  AddImages(300);
  for (const int broken : {7, 8, 299}) Break(broken);
  std::vector<std::string> reported;
  ImageLoaderOptions options = Options(Split::kTraining);
  options.on_skip = [&reported](const SkippedImage& image) { reported.push_back(image.path); };
  ImageLoader loader(folder_, options);
  for (const int epoch : {0, 1}) {
    std::vector<int64_t> expected = DistributedSamples({.size = 300}, epoch);
    for (int64_t& image : expected) {
      if (image == 7 || image == 8) image = 9;
      if (image == 299) image = 0;
    }

    EXPECT_EQ(Read(loader, epoch).labels, expected);
  }

  EXPECT_THAT(loader.skipped(), SizeIs(3));
  EXPECT_THAT(loader.skipped()[0].reason, HasSubstr("neither a JPEG nor a PNG"));
  EXPECT_THAT(reported, ::testing::UnorderedElementsAre(
                            folder_.files[7].path, folder_.files[8].path, folder_.files[299].path));
}

TEST_F(ImageLoaderTest, LeavesBrokenImagesOutOfValidation) {
  AddImages(401);
  for (const int broken : {0, 5, 400}) Break(broken);
  std::filesystem::remove(folder_.files[6].path);
  for (const int workers : {0, 3}) {
    ImageLoaderOptions options = Options(Split::kValidation);
    options.workers = workers;
    ImageLoader loader(folder_, options);

    const Epoch epoch = Read(loader, 0);

    std::vector<int64_t> expected;
    for (const int i : {1, 2, 3, 4, 7}) expected.push_back(i);
    for (int i = 8; i < 400; ++i) expected.push_back(i);
    EXPECT_EQ(epoch.labels, expected);
    EXPECT_EQ(epoch.counts.front(), 3);
    EXPECT_EQ(epoch.counts.size(), 100u);  // The last one would be empty.
    EXPECT_THAT(loader.skipped(), SizeIs(4));
    EXPECT_THAT(loader.skipped()[2].reason, HasSubstr("No such file"));
  }
}

// Whatever lies under an image's name: said, and neither waited for nor read without end.
TEST_F(ImageLoaderTest, WhatIsNoFileOrTooLargeIsSaid) {
  const auto error = [this](const std::string& name) -> std::string {
    ImageReader reader;
    try {
      reader.Open(root_ / name);
    } catch (const core::Error& thrown) {
      return thrown.what();
    }
    return "no error";
  };
  ASSERT_EQ(mkfifo((root_ / "pipe.jpg").c_str(), 0600), 0);
  EXPECT_THAT(error("pipe.jpg"), HasSubstr("not a file"));
  std::filesystem::create_symlink("/dev/zero", root_ / "zero.jpg");
  EXPECT_THAT(error("zero.jpg"), HasSubstr("not a file"));
  std::filesystem::create_directory(root_ / "folder.jpg");
  EXPECT_THAT(error("folder.jpg"), HasSubstr("not a file"));
  std::filesystem::create_symlink("loop.jpg", root_ / "loop.jpg");
  EXPECT_THAT(error("loop.jpg"), HasSubstr("symbolic links"));
  Write(root_ / "sparse.jpg", {});
  std::filesystem::resize_file(root_ / "sparse.jpg", uintmax_t{1} << 40);
  EXPECT_THAT(error("sparse.jpg"), HasSubstr("expected at most 536870912"));
}

TEST_F(ImageLoaderTest, AnImageTooLargeForTheMemoryEndsTheRunByName) {
  if (std::getenv("ASAN_OPTIONS")) GTEST_SKIP() << "takes all addresses";
  Write(root_ / "huge.png", FlatPng({6000, 6000}, 6000, /*interlaced=*/true));
  folder_.files.push_back({root_ / "huge.png", 0});
  ImageLoaderOptions options = Options(Split::kValidation);
  options.workers = 0;
  const std::string said = core::WithLimitedMemory(64 << 20, [&]() -> std::string {
    Read(*std::make_unique<ImageLoader>(folder_, options), 0);
    return "no error";
  });
  EXPECT_THAT(said, AllOf(HasSubstr("huge.png"), HasSubstr("not enough memory")));
}

TEST_F(ImageLoaderTest, ThreadsThatTheSystemDoesNotGiveAreAnErrorInOneLine) {
  if (std::getenv("ASAN_OPTIONS")) GTEST_SKIP() << "takes all addresses";
  AddImages(8);
  ImageLoaderOptions options = Options(Split::kTraining);
  options.workers = 1000;
  const std::string said = core::WithLimitedMemory(256 << 20, [&]() -> std::string {
    const ImageLoader loader(folder_, options);
    return "no error";
  });
  EXPECT_THAT(said, AllOf(HasSubstr("cannot start a thread"), HasSubstr("--workers"),
                          ::testing::Not(HasSubstr("\n"))));
}

TEST_F(ImageLoaderTest, StopsWhenMoreThanOnePercentAreBroken) {
  AddImages(200);
  for (const int broken : {20, 120, 121}) Break(broken);
  for (const Split split : {Split::kTraining, Split::kValidation}) {
    ImageLoader loader(folder_, Options(split));
    try {
      Read(loader, 0);
      FAIL() << "no error";
    } catch (const core::Error& error) {
      EXPECT_THAT(error.what(),
                  AllOf(HasSubstr("more than 1 %"), HasSubstr("rank 0"),
                        HasSubstr(folder_.files[20].path), HasSubstr(folder_.files[121].path)));
    }
  }
}

TEST_F(ImageLoaderTest, StopsWhenNothingIsReadable) {
  AddImages(8);
  for (int i = 0; i < 8; ++i) Break(i);
  for (const int workers : {0, 2}) {
    ImageLoaderOptions options = Options(Split::kTraining);
    options.workers = workers;
    ImageLoader loader(folder_, options);
    loader.BeginEpoch(0, 0);
    EXPECT_THROW(loader.Next(), core::Error);
  }
}

TEST_F(ImageLoaderTest, ToleratesOneFileInAHundredEvenIfItIsMoreOfAShare) {
  AddImages(100);
  Break(4);
  ImageLoaderOptions options = Options(Split::kValidation);
  options.ranks = 4;
  ImageLoader loader(folder_, options);

  EXPECT_THAT(Read(loader, 0).labels, SizeIs(24));
}

TEST_F(ImageLoaderTest, RefusesABatchLargerThanARanksShare) {
  AddImages(10);
  ImageLoaderOptions options = Options(Split::kTraining);
  options.batch_size = 6;
  options.ranks = 2;
  try {
    ImageLoader loader(folder_, options);
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("batch of 6 (--batch-size)"), HasSubstr("share of 5")));
  }
}

TEST_F(ImageLoaderTest, UsesBatchesAgainThatWereDropped) {
  AddImages(40);
  ImageLoaderOptions options = Options(Split::kTraining);
  options.batches_ahead = 2;
  ImageLoader loader(folder_, options);
  std::vector<const float*> addresses;
  for (const int epoch : {0, 1}) {
    loader.BeginEpoch(epoch, 0);
    while (const std::shared_ptr<const Batch> batch = loader.Next()) {
      addresses.push_back(batch->pixels.data());
    }
  }
  EXPECT_EQ(addresses.size(), 20u);
  std::sort(addresses.begin(), addresses.end());
  EXPECT_LE(std::unique(addresses.begin(), addresses.end()) - addresses.begin(), 4);
}

TEST_F(ImageLoaderTest, LeavesBatchesToTheirOwners) {
  AddImages(8);
  std::shared_ptr<const Batch> batch;
  std::vector<float> pixels;
  {
    ImageLoader loader(folder_, Options(Split::kValidation));
    loader.BeginEpoch(0, 0);
    batch = loader.Next();
    pixels = batch->pixels;
    while (loader.Next()) {
    }
  }
  EXPECT_EQ(batch->pixels, pixels);
}

TEST_F(ImageLoaderTest, BeginsAnEpochInTheMiddleOfAnother) {
  AddImages(40);
  ImageLoader loader(folder_, Options(Split::kTraining));
  const Epoch expected = Read(loader, 2);
  for (int i = 0; i < 20; ++i) {
    loader.BeginEpoch(i, 0);
    for (int batches = 0; batches < i % 4; ++batches) loader.Next();
  }

  const Epoch read = Read(loader, 2);

  EXPECT_EQ(read.labels, expected.labels);
  EXPECT_EQ(read.pixels, expected.pixels);
}

TEST_F(ImageLoaderTest, GivesTheSamePicturesAsBytes) {
  AddImages(14);
  Break(2);
  for (const Split split : {Split::kTraining, Split::kValidation}) {
    ImageLoaderOptions options = Options(split);
    if (split == Split::kTraining) Break(3);
    AddImages(split == Split::kTraining ? 200 : 0);
    ImageLoader pixels(folder_, options);
    options.bytes = true;
    ImageLoader bytes(folder_, options);
    pixels.BeginEpoch(1, 0);
    bytes.BeginEpoch(1, 0);
    while (const std::shared_ptr<const Batch> expected = pixels.Next()) {
      const std::shared_ptr<const Batch> batch = bytes.Next();
      ASSERT_EQ(batch->labels, expected->labels);
      ASSERT_TRUE(batch->pixels.empty());
      ASSERT_EQ(batch->bytes.size(), expected->pixels.size());
      for (size_t i = 0; i < batch->bytes.size(); ++i) {
        const float value =
            (batch->bytes[i] / 255.0f - kColorMeans[i % 3]) / kColorDeviations[i % 3];
        ASSERT_EQ(value, expected->pixels[i]) << i;
      }
    }
    EXPECT_EQ(bytes.Next(), nullptr);
  }
}

TEST_F(ImageLoaderTest, HasNoBatchesBeforeAnEpochHasBegun) {
  AddImages(8);
  for (const int workers : {0, 2}) {
    ImageLoaderOptions options = Options(Split::kTraining);
    options.workers = workers;
    EXPECT_EQ(ImageLoader(folder_, options).Next(), nullptr);
  }
}

TEST_F(ImageLoaderTest, EndsWhileItsWorkersRunAhead) {
  AddImages(40);
  for (int i = 0; i < 20; ++i) {
    ImageLoader loader(folder_, Options(Split::kTraining));
    if (i % 2) loader.BeginEpoch(0, 0);
    if (i % 4 == 3) loader.Next();
  }
}

TEST_F(ImageLoaderTest, ShrinksWhileDecodingOnlyIfAsked) {
  const std::vector<uint8_t> jpeg = NoiseJpeg({320, 240}, {});
  const std::string path = root_ / "large.jpg";
  Write(path, jpeg);
  folder_.files.push_back({path, 0});
  ImageLoaderOptions options = Options(Split::kValidation);
  ImageLoader exact(folder_, options);
  options.scaled_decoding = true;
  ImageLoader scaled(folder_, options);

  const std::vector<float> expected = Read(exact, 0).pixels, read = Read(scaled, 0).pixels;

  EXPECT_NE(read, expected);
  double difference = 0;
  for (size_t i = 0; i < read.size(); ++i) difference += std::abs(read[i] - expected[i]);
  EXPECT_LT(difference / read.size(), 0.1);
}

}  // namespace
}  // namespace backends
