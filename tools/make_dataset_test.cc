#include "tools/make_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "backends/images/decode/decoder.h"
#include "backends/images/image_folder.h"

namespace tools {
namespace {

using ::testing::HasSubstr;

namespace fs = std::filesystem;

std::string Content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// By path below `root`.
std::map<std::string, std::string> Files(const fs::path& root) {
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), root)] = Content(entry.path());
  }
  return files;
}

class MakeDatasetTest : public ::testing::Test {
 protected:
  MakeDatasetTest()
      : root_(fs::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    fs::create_directories(root_);
    options_.path = root_ / "data";
    options_.classes = 3;
    options_.training_images = 4;
    options_.validation_images = 2;
    options_.threads = 2;
  }
  ~MakeDatasetTest() override { fs::remove_all(root_); }

  const fs::path root_;
  DatasetOptions options_;
};

TEST_F(MakeDatasetTest, MakesAnImageFolderOfTheSizeAskedFor) {
  ASSERT_TRUE(MakeDataset(options_).ok());

  const backends::ImageDataset dataset = backends::ListImageDataset(options_.path);
  EXPECT_EQ(dataset.training.classes.size(), 3u);
  EXPECT_EQ(dataset.training.files.size(), 12u);
  EXPECT_EQ(dataset.validation.files.size(), 6u);
  backends::Decoder decoder;
  for (const backends::ImageFile& file : dataset.training.files) {
    const std::string content = Content(file.path);
    const backends::ImageSize size =
        decoder.Open({reinterpret_cast<const uint8_t*>(content.data()), content.size()});
    EXPECT_EQ(size.width, 160);
    EXPECT_EQ(size.height, 120);
    // Photographs of this quality take some 2 to 6 bits a pixel.
    const double bits_per_pixel = content.size() * 8.0 / (160 * 120);
    EXPECT_GT(bits_per_pixel, 2);
    EXPECT_LT(bits_per_pixel, 6);
  }
}

TEST_F(MakeDatasetTest, MakesTheSameBytesFromTheSameSeedOnAnyNumberOfThreads) {
  ASSERT_TRUE(MakeDataset(options_).ok());
  DatasetOptions again = options_;
  again.path = root_ / "again";
  again.threads = 1;
  ASSERT_TRUE(MakeDataset(again).ok());
  DatasetOptions other = options_;
  other.path = root_ / "other";
  other.seed = 1;
  ASSERT_TRUE(MakeDataset(other).ok());

  const std::map<std::string, std::string> files = Files(options_.path);
  EXPECT_EQ(files, Files(again.path));
  for (const auto& [name, content] : Files(other.path)) EXPECT_NE(content, files.at(name)) << name;
}

TEST_F(MakeDatasetTest, MakesNoImageTwice) {
  ASSERT_TRUE(MakeDataset(options_).ok());

  std::map<std::string, std::string> name_by_content;
  for (const auto& [name, content] : Files(options_.path)) {
    const auto [other, is_new] = name_by_content.emplace(content, name);
    EXPECT_TRUE(is_new) << name << " is " << other->second;
  }
}

TEST_F(MakeDatasetTest, CountsTheImagesItMakes) {
  std::vector<int64_t> counts;
  options_.progress = [&counts](int64_t made, int64_t total) {
    counts.push_back(made);
    EXPECT_EQ(total, 18);
  };
  ASSERT_TRUE(MakeDataset(options_).ok());

  EXPECT_EQ(counts.size(), 18u);
  EXPECT_EQ(counts.back(), 18);
}

TEST_F(MakeDatasetTest, ReplacesWhatAnInterruptedRunLeft) {
  fs::create_directories(root_ / "data.unfinished/train/class_007");

  ASSERT_TRUE(MakeDataset(options_).ok());

  EXPECT_FALSE(fs::exists(root_ / "data.unfinished"));
  EXPECT_EQ(backends::ListImageDataset(options_.path).training.classes.size(), 3u);
}

TEST_F(MakeDatasetTest, LeavesAFolderAloneThatIsThere) {
  fs::create_directories(options_.path);

  EXPECT_THAT(std::string(MakeDataset(options_).message()), HasSubstr("is there already"));
}

TEST_F(MakeDatasetTest, SaysWhereItCannotWriteAndLeavesNothing) {
  std::ofstream(root_ / "file") << "not a folder";
  options_.path = root_ / "file/data";

  const std::string message(MakeDataset(options_).message());

  EXPECT_THAT(message, HasSubstr("cannot make"));
  EXPECT_THAT(message, HasSubstr("--out"));
}

TEST_F(MakeDatasetTest, NamesTheFlagThatIsWrong) {
  options_.quality = 101;
  EXPECT_THAT(std::string(MakeDataset(options_).message()),
              HasSubstr("--quality=101: use 1 to 100"));
  options_.quality = 90;
  options_.classes = 0;
  EXPECT_THAT(std::string(MakeDataset(options_).message()), HasSubstr("--classes=0"));
}

}  // namespace
}  // namespace tools
