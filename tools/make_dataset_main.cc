// Makes a small image folder to train on:
//     tools/bazel run //tools:make_dataset -- --out=data
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/flags.h"
#include "core/base/program.h"
#include "tools/make_dataset.h"

namespace {

constexpr char kUsage[] =
    R"(Makes a small image folder that a network can learn: OUT/train/CLASS/*.jpg and OUT/val/CLASS/*.jpg.
To a decoder the images look like photographs; classes differ by colours, shapes and texture. The same
flags give the same files.

Examples:
  tools/bazel run //tools:make_dataset -- --out=data
  tools/bazel run //tools:make_dataset -- --out=data --classes=10 --images=500 --width=500 --height=375
)";

void Main(int argc, char** argv) {
  tools::DatasetOptions options;
  core::FlagTable flags = {
      {"out", &options.path, core::IsPath(), "folder to make; it must not be there yet"},
      {"classes", &options.classes, "number of classes"},
      {"images", &options.training_images, "training images per class"},
      {"val_images", &options.validation_images, "validation images per class"},
      {"width", &options.width, "width of the images in pixels"},
      {"height", &options.height, "height of the images in pixels"},
      {"quality", &options.quality, "quality of the JPEG files, 1 to 100"},
      {"seed", &options.seed, "another seed makes other images"},
  };
  flags.Read(argc, argv, kUsage);
  options.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const bool terminal = isatty(STDOUT_FILENO);
  if (terminal) {
    options.progress = [](int64_t made, int64_t total) {
      absl::PrintF("\r%d of %d images", made, total);
      std::fflush(stdout);
    };
  }
  const absl::Status status = tools::MakeDataset(options);
  if (terminal) absl::PrintF("\r\033[K");
  core::ThrowIfError(status);
  absl::PrintF("%d training and %d validation images of %d classes in %s\n",
               options.training_images * options.classes,
               options.validation_images * options.classes, options.classes, options.path);
}

}  // namespace

int main(int argc, char** argv) {
  return core::ReportErrors("make_dataset", [&] { Main(argc, argv); });
}
