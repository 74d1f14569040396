#include "backends/images/image_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"

namespace backends {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ImageFolderTest : public ::testing::Test {
 protected:
  ImageFolderTest()
      : root_(std::filesystem::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~ImageFolderTest() override { std::filesystem::remove_all(root_); }

  void AddFiles(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      std::filesystem::create_directories((root_ / name).parent_path());
      std::ofstream(root_ / name) << "content does not matter";
    }
  }

  std::string ListingError() {
    try {
      ListImageDataset(root_);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "no error";
  }

  std::filesystem::path root_;
};

// The order is that of torchvision.datasets.ImageFolder 0.26.0 for the same tree.
TEST_F(ImageFolderTest, ListsInTorchvisionsOrder) {
  AddFiles({"b/2.jpg", "b/10.jpg", "a/z.PNG", "a/sub/x.jpeg", "a/sub/deep/w.jpg", "a/sub-1/y.JPEG",
            "a/B.JPG", "a/note.txt", "a/x.jpg.bak", "\xC3\xA9t\xC3\xA9/1.jpg", "Z/1.jpg"});

  const ImageFolder folder = ListImageFolder(root_);

  EXPECT_THAT(folder.classes, ElementsAre("Z", "a", "b", "\xC3\xA9t\xC3\xA9"));
  std::vector<std::string> files;
  std::vector<int64_t> labels;
  for (const ImageFile& file : folder.files) {
    files.push_back(std::filesystem::relative(file.path, root_));
    labels.push_back(file.label);
  }
  EXPECT_THAT(files,
              ElementsAre("Z/1.jpg", "a/B.JPG", "a/z.PNG", "a/sub/x.jpeg", "a/sub-1/y.JPEG",
                          "a/sub/deep/w.jpg", "b/10.jpg", "b/2.jpg", "\xC3\xA9t\xC3\xA9/1.jpg"));
  EXPECT_THAT(labels, ElementsAre(0, 1, 1, 1, 1, 1, 2, 2, 3));
}

// What file browsers, notebooks and macOS leave behind.
TEST_F(ImageFolderTest, LeavesOutWhatBeginsWithADotAndSaysSo) {
  AddFiles({".ipynb_checkpoints/1.jpg", ".DS_Store", "a/.cache/deep/1.jpg", "a/._1.jpg", "a/1.jpg",
            "a/.note", "b/sub/2.jpg", "b/sub/._2.jpg"});

  const ImageFolder folder = ListImageFolder(root_);

  EXPECT_THAT(folder.classes, ElementsAre("a", "b"));
  EXPECT_EQ(folder.files.size(), 2u);
  std::vector<std::string> hidden;
  for (const std::string& path : folder.hidden) {
    hidden.push_back(std::filesystem::relative(path, root_));
  }
  EXPECT_THAT(hidden, ElementsAre(".ipynb_checkpoints", "a/._1.jpg", "a/.cache", "b/sub/._2.jpg"));
}

TEST_F(ImageFolderTest, RefusesClassesThatLieALevelBelow) {
  AddFiles({"train/x/cat/1.jpg", "train/x/dog/1.jpg", "val/x/cat/1.jpg", "val/x/dog/1.jpg"});
  EXPECT_THAT(ListingError(), AllOf(HasSubstr("one class, x, whose images all lie in 2 folders"),
                                    HasSubstr("(cat, dog)"), HasSubstr("move them up into")));
  AddFiles({"train/y/1.jpg", "val/y/1.jpg"});
  EXPECT_EQ(ListingError(), "no error");  // Two classes.
}

TEST_F(ImageFolderTest, OneClassWithImagesOfItsOwnIsFine) {
  AddFiles({"train/x/1.jpg", "train/x/cat/1.jpg", "train/x/dog/1.jpg", "val/x/deep/1.jpg"});
  EXPECT_EQ(ListingError(), "no error");
}

TEST_F(ImageFolderTest, FollowsLinksToFoldersAndFiles) {
  AddFiles({"train/cat/1.jpg", "elsewhere/2.jpg"});
  std::filesystem::create_directory_symlink(root_ / "elsewhere", root_ / "train/dog");
  std::filesystem::create_symlink(root_ / "elsewhere/2.jpg", root_ / "train/cat/linked.jpg");

  const ImageFolder folder = ListImageFolder(root_ / "train");

  EXPECT_THAT(folder.classes, ElementsAre("cat", "dog"));
  EXPECT_EQ(folder.files.size(), 3u);
}

TEST_F(ImageFolderTest, ListsBothSplits) {
  AddFiles({"train/cat/1.jpg", "train/dog/1.jpg", "val/cat/2.jpg", "val/dog/2.png"});

  const ImageDataset dataset = ListImageDataset(root_);

  EXPECT_THAT(dataset.training.classes, ElementsAre("cat", "dog"));
  EXPECT_EQ(dataset.validation.files.back().label, 1);
}

TEST_F(ImageFolderTest, SaysWhichLayoutItExpectedInsteadOfAMissingFolder) {
  std::filesystem::remove(root_);

  EXPECT_THAT(ListingError(), AllOf(HasSubstr(root_.string() + " does not exist"),
                                    HasSubstr("/train/CLASS/*.JPEG")));
}

TEST_F(ImageFolderTest, SaysWhichSplitIsMissing) {
  AddFiles({"train/cat/1.jpg"});

  EXPECT_THAT(ListingError(), AllOf(HasSubstr("has no val/"), HasSubstr("/val/CLASS/*.JPEG")));
}

TEST_F(ImageFolderTest, SaysWhichClassesDiffer) {
  AddFiles({"train/cat/1.jpg", "train/dog/1.jpg", "val/cat/1.jpg", "val/cow/1.jpg"});

  EXPECT_THAT(ListingError(),
              AllOf(HasSubstr("only in train/: dog"), HasSubstr("only in val/: cow")));
}

TEST_F(ImageFolderTest, SaysWhichClassHasNoImage) {
  AddFiles({"train/cat/1.jpg", "train/dog/readme.txt", "val/cat/1.jpg", "val/dog/1.jpg"});

  EXPECT_THAT(ListingError(), AllOf(HasSubstr("train"), HasSubstr("class dog")));
}

TEST_F(ImageFolderTest, SaysThatThereAreNoClasses) {
  AddFiles({"train/1.jpg", "val/1.jpg"});

  EXPECT_THAT(ListingError(), HasSubstr("no folder per class"));
}

}  // namespace
}  // namespace backends
