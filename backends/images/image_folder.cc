#include "backends/images/image_folder.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"

namespace backends {
namespace {

namespace fs = std::filesystem;

constexpr int kNamesShown = 5;

bool IsImage(const fs::path& file) {
  const std::string extension = absl::AsciiStrToLower(file.extension().string());
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

// "a, b, c and 7 more".
std::string Names(const std::vector<std::string>& names) {
  if (std::ssize(names) <= kNamesShown) return absl::StrJoin(names, ", ");
  const std::vector<std::string> shown(names.begin(), names.begin() + kNamesShown);
  return absl::StrCat(absl::StrJoin(shown, ", "), " and ", names.size() - kNamesShown, " more");
}

// The folders directly in `path`, sorted as Python sorts strings.
std::vector<std::string> Folders(const std::string& path) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The images below `folder`: torchvision sorts the folders by path, then the names in each.
std::vector<std::string> Images(const fs::path& folder) {
  std::map<std::string, std::vector<std::string>> names_by_folder;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink)) {
    if (!IsImage(entry.path()) || entry.is_directory()) continue;
    names_by_folder[entry.path().parent_path()].push_back(entry.path().filename());
  }
  std::vector<std::string> paths;
  for (auto& [parent, names] : names_by_folder) {
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) paths.push_back(absl::StrCat(parent, "/", name));
  }
  return paths;
}

ImageFolder List(const std::string& path) {
  ImageFolder folder{.path = path, .classes = Folders(path), .files = {}};
  if (folder.classes.empty()) {
    throw core::Error(absl::StrCat(
        "image folder ", path, " has no folder per class in it: expected ", path, "/CLASS/*.JPEG"));
  }
  std::vector<std::string> empty_classes;
  for (size_t label = 0; label < folder.classes.size(); ++label) {
    std::vector<std::string> paths = Images(fs::path(path) / folder.classes[label]);
    if (paths.empty()) empty_classes.push_back(folder.classes[label]);
    for (std::string& file : paths) {
      folder.files.push_back({std::move(file), static_cast<int64_t>(label)});
    }
  }
  if (!empty_classes.empty()) {
    throw core::Error(absl::StrCat("image folder ", path, " has no .jpg, .jpeg or .png file in ",
                                   empty_classes.size() == 1 ? "class " : "classes ",
                                   Names(empty_classes), ": add images, or remove the folder"));
  }
  return folder;
}

void CheckLayout(const std::string& data_dir) {
  const std::string expected = absl::StrCat("; expected ", data_dir, "/train/CLASS/*.JPEG and ",
                                            data_dir, "/val/CLASS/*.JPEG (--data-dir)");
  std::error_code ignored;
  if (!fs::is_directory(data_dir, ignored)) {
    throw core::Error(absl::StrCat(
        "data folder ", data_dir,
        fs::exists(data_dir, ignored) ? " is not a folder" : " does not exist", expected));
  }
  for (const char* split : {"train", "val"}) {
    if (!fs::is_directory(fs::path(data_dir) / split, ignored)) {
      throw core::Error(
          absl::StrCat("data folder ", data_dir, " has no ", split, "/ in it", expected));
    }
  }
}

void CheckSameClasses(const ImageDataset& dataset) {
  const std::vector<std::string>& training = dataset.training.classes;
  const std::vector<std::string>& validation = dataset.validation.classes;
  if (training == validation) return;
  std::vector<std::string> only_training, only_validation;
  std::set_difference(training.begin(), training.end(), validation.begin(), validation.end(),
                      std::back_inserter(only_training));
  std::set_difference(validation.begin(), validation.end(), training.begin(), training.end(),
                      std::back_inserter(only_validation));
  std::vector<std::string> differences;
  if (!only_training.empty()) {
    differences.push_back(absl::StrCat("only in train/: ", Names(only_training)));
  }
  if (!only_validation.empty()) {
    differences.push_back(absl::StrCat("only in val/: ", Names(only_validation)));
  }
  throw core::Error(absl::StrCat("classes differ between ", dataset.training.path, " and ",
                                 dataset.validation.path, " (", absl::StrJoin(differences, "; "),
                                 "): both need the same folders"));
}

}  // namespace

ImageFolder ListImageFolder(const std::string& path) {
  try {
    return List(path);
  } catch (const fs::filesystem_error& error) {
    throw core::Error(
        absl::StrCat("cannot list ", error.path1().string(), ": ", error.code().message()));
  }
}

ImageDataset ListImageDataset(const std::string& data_dir) {
  CheckLayout(data_dir);
  const fs::path root(data_dir);
  ImageDataset dataset{.training = ListImageFolder(root / "train"),
                       .validation = ListImageFolder(root / "val")};
  CheckSameClasses(dataset);
  return dataset;
}

}  // namespace backends
