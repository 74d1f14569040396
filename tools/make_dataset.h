#ifndef TOOLS_MAKE_DATASET_H_
#define TOOLS_MAKE_DATASET_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace tools {

struct DatasetOptions {
  std::string path;  // Of the folder to make.
  int classes = 4;
  int training_images = 100;   // Per class.
  int validation_images = 25;  // Per class.
  int width = 160;             // Pixels.
  int height = 120;
  uint64_t seed = 0;
  int quality = 90;  // Of JPEG, 1 to 100.
  int threads = 1;
  // Called with the number of images that are made so far, of how many, by one thread at a time.
  std::function<void(int64_t made, int64_t total)> progress;
};

// Makes a small image folder that a network can learn: `path`/train/CLASS/*.jpg and `path`/val/…,
// JPEG files that look like photographs to a decoder. The same options give the same bytes,
// whatever the number of threads.
//
// The folder is made under another name and renamed when it is whole: one that is there is not half
// of one. An error says which option or file is at fault; the folder is then not there.
absl::Status MakeDataset(const DatasetOptions& options);

}  // namespace tools

#endif  // TOOLS_MAKE_DATASET_H_
