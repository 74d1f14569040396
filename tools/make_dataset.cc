#include "tools/make_dataset.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "backends/images/decode/jpeg_encoder.h"
#include "core/base/error.h"
#include "core/base/thread.h"
#include "tools/make_dataset_painter.h"

namespace tools {
namespace {

namespace fs = std::filesystem;

constexpr int kSideMax = 65500;  // Pixels, libjpeg's limit.

struct Split {
  const char* folder;
  int images;  // Per class.
};

absl::Status Check(const DatasetOptions& options) {
  const auto check = [](const char* flag, int value, int low, int high) {
    if (low <= value && value <= high) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag, "=", value, ": use ", low, " to ", high));
  };
  constexpr int kMany = 1'000'000;
  absl::Status status;
  status.Update(check("classes", options.classes, 1, kMany));
  status.Update(check("images", options.training_images, 1, kMany));
  status.Update(check("val_images", options.validation_images, 1, kMany));
  status.Update(check("width", options.width, 1, kSideMax));
  status.Update(check("height", options.height, 1, kSideMax));
  status.Update(check("quality", options.quality, 1, 100));
  status.Update(check("threads", options.threads, 1, kMany));
  std::error_code ignored;
  if (options.path.empty()) status.Update(absl::InvalidArgumentError("--out: name a folder"));
  if (fs::exists(options.path, ignored)) {
    status.Update(absl::AlreadyExistsError(
        absl::StrCat("--out=", options.path, " is there already: remove it or name another")));
  }
  return status;
}

absl::Status SystemError(const std::string& what, const std::error_code& error) {
  return absl::UnavailableError(
      absl::StrCat(what, ": ", error.message(), " (--out names where the data set goes)"));
}

// Paints and writes all images of one data set below `folder`.
class Maker {
 public:
  Maker(const DatasetOptions& options, const fs::path& folder)
      : options_(options),
        folder_(folder),
        splits_{{"train", options.training_images}, {"val", options.validation_images}} {
    for (const Split& split : splits_) total_ += int64_t{split.images} * options.classes;
  }

  absl::Status Make() {
    for (const Split& split : splits_) {
      for (int label = 0; label < options_.classes; ++label) {
        std::error_code error;
        const fs::path folder = ClassFolder(split, label);
        fs::create_directories(folder, error);
        if (error) return SystemError(absl::StrCat("cannot make ", folder.string()), error);
      }
    }
    std::vector<std::thread> threads;
    threads.reserve(options_.threads);
    absl::Status started;
    try {
      for (int i = 0; i < options_.threads; ++i) {
        threads.push_back(core::StartThread([this] { Work(); }));
      }
    } catch (const core::Error& error) {
      started = absl::ResourceExhaustedError(error.what());
    }
    for (std::thread& thread : threads) thread.join();
    // Fewer threads make the same images.
    return threads.empty() ? started : status_;
  }

 private:
  fs::path ClassFolder(const Split& split, int label) const {
    return folder_ / split.folder / absl::StrFormat("class_%03d", label);
  }

  void Work() {
    std::unique_lock lock(mutex_);
    while (next_ < total_ && status_.ok()) {
      const int64_t image = next_++;
      lock.unlock();
      const absl::Status status = MakeImage(image);
      lock.lock();
      status_.Update(status);
      ++made_;
      if (options_.progress) options_.progress(made_, total_);
    }
  }

  // `image` counts through the splits, their classes and those classes' images.
  absl::Status MakeImage(int64_t image) const {
    const int64_t training = int64_t{splits_[0].images} * options_.classes;
    const Split& split = splits_[image < training ? 0 : 1];
    const int64_t in_split = image < training ? image : image - training;
    const int label = static_cast<int>(in_split / split.images);
    const backends::ImageSize size{options_.width, options_.height};
    // An odd factor keeps the seeds of different data sets apart.
    const uint64_t seed = options_.seed * 0x9E3779B97F4A7C15 + image;
    const std::vector<uint8_t> jpeg =
        backends::EncodeJpeg(Paint(StyleOf(label, options_.classes), size, seed), size,
                             {.horizontal = 2, .vertical = 2, .quality = options_.quality});
    const fs::path path = ClassFolder(split, label) /
                          absl::StrFormat("%06d.jpg", static_cast<int>(in_split % split.images));
    errno = 0;
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
    file.close();
    if (file) return absl::OkStatus();
    return SystemError(absl::StrCat("cannot write ", path.string()),
                       std::error_code(errno, std::generic_category()));
  }

  const DatasetOptions& options_;
  const fs::path folder_;
  const std::vector<Split> splits_;
  int64_t total_ = 0;

  std::mutex mutex_;
  // Guarded by mutex_.
  int64_t next_ = 0;
  int64_t made_ = 0;
  absl::Status status_;
};

}  // namespace

absl::Status MakeDataset(const DatasetOptions& options) {
  if (const absl::Status status = Check(options); !status.ok()) return status;
  const std::string target = fs::path(options.path).lexically_normal().string();
  const fs::path unfinished =
      absl::StrCat(target.substr(0, target.find_last_not_of('/') + 1), ".unfinished");
  std::error_code error;
  fs::remove_all(unfinished, error);  // Of a run that was interrupted.
  const absl::Cleanup remove = [&unfinished] {
    std::error_code ignored;
    fs::remove_all(unfinished, ignored);
  };
  if (const absl::Status status = Maker(options, unfinished).Make(); !status.ok()) return status;
  fs::rename(unfinished, target, error);
  if (error) return SystemError(absl::StrCat("cannot name the folder ", target), error);
  return absl::OkStatus();
}

}  // namespace tools
