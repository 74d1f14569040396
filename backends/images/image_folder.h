#ifndef BACKENDS_IMAGES_IMAGE_FOLDER_H_
#define BACKENDS_IMAGES_IMAGE_FOLDER_H_

#include <cstdint>
#include <string>
#include <vector>

namespace backends {

// A labelled image that is still a file.
struct ImageFile {
  std::string path;
  int64_t label = 0;  // Index into ImageFolder::classes.
};

// One split of a data set, laid out as FOLDER/CLASS/FILE, in the order of
// torchvision.datasets.ImageFolder.
struct ImageFolder {
  std::string path;
  std::vector<std::string> classes;  // The names of the folders, sorted.
  std::vector<ImageFile> files;      // By class, then by folder and name.
  std::vector<std::string> hidden;  // Folders and images left out, as their names begin with a dot.
};

// The two splits of a data set; their classes are the same.
struct ImageDataset {
  ImageFolder training;
  ImageFolder validation;
};

// Lists what ends in .jpg, .jpeg or .png, in any case, also in folders below a class's; links are
// followed. Unlike torchvision it leaves out what begins with a dot: no more than leavings of file
// browsers and notebooks. Throws core::Error for a folder that cannot be read, without classes, with
// a class that has no image, or whose classes seem to lie one level below.
ImageFolder ListImageFolder(const std::string& path);

// Lists `data_dir`/train and `data_dir`/val. Throws core::Error, as ListImageFolder does and if one
// of the two is missing or their classes differ.
ImageDataset ListImageDataset(const std::string& data_dir);

}  // namespace backends

#endif  // BACKENDS_IMAGES_IMAGE_FOLDER_H_
