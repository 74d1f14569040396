#include "backends/images/image_folder.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
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

bool IsHidden(const fs::path& path) { return path.filename().native().starts_with('.'); }

// The folders directly in `path`, sorted as Python sorts strings.
std::vector<std::string> Folders(const std::string& path, std::vector<std::string>& hidden) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    if (!entry.is_directory()) continue;
    if (IsHidden(entry.path())) {
      hidden.push_back(entry.path());
    } else {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The images below `folder`: torchvision sorts the folders by path, then the names in each.
std::vector<std::string> Images(const fs::path& folder, std::vector<std::string>& hidden) {
  std::map<std::string, std::vector<std::string>> names_by_folder;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::follow_directory_symlink);
  for (; entries != fs::recursive_directory_iterator(); ++entries) {
    const fs::path& path = entries->path();
    const bool is_folder = entries->is_directory();
    if (IsHidden(path)) {
      if (is_folder) entries.disable_recursion_pending();
      if (is_folder || IsImage(path)) hidden.push_back(path);
    } else if (!is_folder && IsImage(path)) {
      names_by_folder[path.parent_path()].push_back(path.filename());
    }
  }
  std::vector<std::string> paths;
  for (auto& [parent, names] : names_by_folder) {
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) paths.push_back(absl::StrCat(parent, "/", name));
  }
  return paths;
}

// PATH/x/CLASS/… would train a single class to full accuracy.
void CheckOneLevel(const ImageFolder& folder) {
  if (folder.classes.size() != 1) return;
  const std::string above = (fs::path(folder.path) / folder.classes[0] / "").string();
  std::set<std::string> below;
  for (const ImageFile& file : folder.files) {
    const size_t end = file.path.find('/', above.size());
    if (end == std::string::npos) return;
    below.insert(file.path.substr(above.size(), end - above.size()));
  }
  if (below.size() < 2) return;
  throw core::Error(absl::StrCat("image folder ", folder.path, " has one class, ",
                                 folder.classes[0], ", whose images all lie in ", below.size(),
                                 " folders below it (", Names({below.begin(), below.end()}),
                                 "): if these are the classes, move them up into ", folder.path,
                                 "; else put the images into ", above));
}

ImageFolder List(const std::string& path) {
  ImageFolder folder{.path = path};
  folder.classes = Folders(path, folder.hidden);
  if (folder.classes.empty()) {
    throw core::Error(absl::StrCat(
        "image folder ", path, " has no folder per class in it: expected ", path, "/CLASS/*.JPEG"));
  }
  std::vector<std::string> empty_classes;
  for (size_t label = 0; label < folder.classes.size(); ++label) {
    std::vector<std::string> paths = Images(fs::path(path) / folder.classes[label], folder.hidden);
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
  CheckOneLevel(folder);
  std::sort(folder.hidden.begin(), folder.hidden.end());
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
