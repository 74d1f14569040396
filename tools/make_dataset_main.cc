// Makes a small image folder to train on:
//     tools/bazel run //tools:make_dataset -- --out=data
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/flags.h"
#include "core/base/user_path.h"
#include "tools/make_dataset.h"

ABSL_FLAG(std::string, out, "", "folder to make; it must not be there yet");
ABSL_FLAG(int, classes, tools::DatasetOptions().classes, "number of classes");
ABSL_FLAG(int, images, tools::DatasetOptions().training_images, "training images per class");
ABSL_FLAG(int, val_images, tools::DatasetOptions().validation_images,
          "validation images per class");
ABSL_FLAG(int, width, tools::DatasetOptions().width, "width of the images in pixels");
ABSL_FLAG(int, height, tools::DatasetOptions().height, "height of the images in pixels");
ABSL_FLAG(int, quality, tools::DatasetOptions().quality, "quality of the JPEG files, 1 to 100");
ABSL_FLAG(uint64_t, seed, tools::DatasetOptions().seed, "another seed makes other images");

namespace {

constexpr char kUsage[] =
    R"(Makes a small image folder that a network can learn: OUT/train/CLASS/*.jpg and OUT/val/CLASS/*.jpg.
To a decoder the images look like photographs; classes differ by colours, shapes and texture. The same
flags give the same files.

Examples:
  tools/bazel run //tools:make_dataset -- --out=data
  tools/bazel run //tools:make_dataset -- --out=data --classes=10 --images=500 --width=500 --height=375
)";

absl::Status Main(int argc, char** argv) {
  const auto arguments = core::ParseFlags(argc, argv, kUsage);
  if (!arguments.ok()) return arguments.status();
  if (!arguments->empty()) {
    return absl::InvalidArgumentError(absl::StrCat("unexpected argument \"", arguments->front(),
                                                   "\": name the folder by --out=FOLDER"));
  }
  tools::DatasetOptions options{
      .path = core::UserPath(absl::GetFlag(FLAGS_out)),
      .classes = absl::GetFlag(FLAGS_classes),
      .training_images = absl::GetFlag(FLAGS_images),
      .validation_images = absl::GetFlag(FLAGS_val_images),
      .width = absl::GetFlag(FLAGS_width),
      .height = absl::GetFlag(FLAGS_height),
      .seed = absl::GetFlag(FLAGS_seed),
      .quality = absl::GetFlag(FLAGS_quality),
      .threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency())),
      .progress = {}};
  const bool terminal = isatty(STDOUT_FILENO);
  if (terminal) {
    options.progress = [](int64_t made, int64_t total) {
      absl::PrintF("\r%d of %d images", made, total);
      std::fflush(stdout);
    };
  }
  const absl::Status status = tools::MakeDataset(options);
  if (terminal) absl::PrintF("\r\033[K");
  if (!status.ok()) return status;
  absl::PrintF("%d training and %d validation images of %d classes in %s\n",
               options.training_images * options.classes,
               options.validation_images * options.classes, options.classes, options.path);
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  const absl::Status status = Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "make_dataset: " << status.message() << std::endl;
  return 1;
}
