#include "backends/images/image_loader.h"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "backends/images/batch_pool.h"
#include "backends/images/distributed_sampler.h"
#include "backends/images/image_reader.h"
#include "backends/images/transform/crop.h"
#include "backends/images/transform/torch_generator.h"
#include "core/base/error.h"
#include "core/base/thread.h"

namespace backends {
namespace {

constexpr int kNamesShown = 5;
constexpr int64_t kLeftOut = -1;  // In place of a label: no image was readable.

void Check(bool holds, const std::string& message) {
  if (!holds) throw core::Error(message);
}

void CheckOptions(const ImageLoaderOptions& options) {
  Check(options.batch_size > 0,
        absl::StrCat("--batch-size=", options.batch_size, ": a batch takes at least one image"));
  Check(options.image_size > 0,
        absl::StrCat("--image-size=", options.image_size, ": an image has at least one pixel"));
  Check(options.workers >= 0,
        absl::StrCat("--workers=", options.workers, ": use 0 to load without workers, or more"));
  Check(options.batches_ahead > 0, absl::StrCat("batches_ahead = ", options.batches_ahead,
                                                ": workers need at least one batch to work on"));
  Check(0 <= options.rank && options.rank < options.ranks,
        absl::StrCat("rank ", options.rank, " of ", options.ranks, ": there is no such rank"));
}

SamplerOptions Sampler(const ImageFolder& folder, const ImageLoaderOptions& options) {
  return {.size = std::ssize(folder.files),
          .rank = options.rank,
          .ranks = options.ranks,
          .seed = options.seed};
}

// Of the random numbers of one image in one epoch. The mixing is splitmix64's, by Steele et al.
uint64_t ImageSeed(uint64_t seed, int epoch, int64_t image) {
  uint64_t state = seed;
  for (const uint64_t value : {static_cast<uint64_t>(epoch), static_cast<uint64_t>(image)}) {
    state += 0x9E3779B97F4A7C15 + value;
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
    state ^= state >> 31;
  }
  return state;
}

// A file that holds no readable image, as found by an epoch's image number `position`.
struct BrokenFile {
  int64_t position = 0;
  int64_t image = 0;  // Index into the folder's files.
  std::string reason;
};

// A batch that is being filled.
struct PendingBatch {
  std::unique_ptr<Batch> batch;
  int64_t unfinished = 0;  // Images.
  std::vector<BrokenFile> broken;
};

// Closes the gaps of images that were left out.
void Compact(Batch& batch) {
  const int64_t values = batch.size * batch.size * 3;
  int64_t kept = 0;
  const auto move = [&](auto& pixels, int64_t i) {
    if (!pixels.empty()) std::copy_n(&pixels[i * values], values, &pixels[kept * values]);
  };
  for (int64_t i = 0; i < batch.count; ++i) {
    if (batch.labels[i] == kLeftOut) continue;
    if (kept != i) {
      move(batch.pixels, i);
      move(batch.bytes, i);
      batch.labels[kept] = batch.labels[i];
    }
    ++kept;
  }
  batch.count = kept;
  batch.labels.resize(kept);
  if (!batch.pixels.empty()) batch.pixels.resize(kept * values);
  if (!batch.bytes.empty()) batch.bytes.resize(kept * values);
}

}  // namespace

// The epoch's images are numbered through; workers take the next number whose batch may be begun.
class ImageLoader::Pipeline {
 public:
  Pipeline(const ImageFolder& folder, ImageLoaderOptions options)
      : folder_(folder),
        options_(std::move(options)),
        pool_(std::make_shared<BatchPool>()),
        pending_(std::max(1, options_.batches_ahead)) {
    CheckOptions(options_);
    const int64_t files = std::ssize(folder.files);
    images_ = training() ? SamplesPerRank(Sampler(folder, options_))
                         : (files - options_.rank + options_.ranks - 1) / options_.ranks;
    Check(!training() || images_ >= options_.batch_size,
          absl::StrCat("rank ", options_.rank, ": a batch of ", options_.batch_size,
                       " (--batch-size) is more than this rank's share of ", images_, " of the ",
                       files, " images in ", folder.path,
                       ": use smaller batches, fewer ranks or more images"));
    // A single file may be more than 1 % of a share; what counts is what it is of all.
    broken_max_ = std::max<int64_t>(images_ / 100, files >= 100 ? 1 : 0);
    try {
      threads_.reserve(options_.workers);
      for (int i = 0; i < options_.workers; ++i) {
        threads_.push_back(core::StartThread([this] { Work(); }));
      }
    } catch (...) {
      Stop();
      throw;
    }
  }

  ~Pipeline() { Stop(); }

  void BeginEpoch(int epoch, int64_t batch) {
    std::unique_lock lock(mutex_);
    next_ = end_ = 0;
    changed_.wait(lock, [this] { return running_ == 0; });
    epoch_ = epoch;
    order_ = training() ? DistributedSamples(Sampler(folder_, options_), epoch)
                        : ShardedSamples(std::ssize(folder_.files), options_.rank, options_.ranks);
    delivered_ = batch;
    next_ = batch * options_.batch_size;
    broken_.clear();
    broken_names_.clear();
    failure_ = nullptr;
    end_ = training() ? images_ / options_.batch_size * options_.batch_size : images_;
    lock.unlock();
    changed_.notify_all();
  }

  std::shared_ptr<const Batch> Next() {
    while (delivered_ * options_.batch_size < end_) {
      PendingBatch finished = TakeFinished();
      ReportBroken(finished.broken);
      Compact(*finished.batch);
      if (finished.batch->count > 0) return pool_->Share(std::move(finished.batch));
      pool_->Return(std::move(finished.batch));
    }
    return nullptr;
  }

  int64_t batches() const {
    const int64_t size = options_.batch_size;
    return training() ? images_ / size : (images_ + size - 1) / size;
  }
  const std::vector<SkippedImage>& skipped() const { return skipped_; }

 private:
  bool training() const { return options_.split == Split::kTraining; }

  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  PendingBatch& PendingOf(int64_t position) {
    return pending_[position / options_.batch_size % std::ssize(pending_)];
  }

  // Whether there is an image that may be loaded now. Needs mutex_.
  bool HasWork() const {
    const int64_t allowed = (delivered_ + std::ssize(pending_)) * options_.batch_size;
    return !failure_ && next_ < std::min(end_, allowed);
  }

  void Work() {
    ImageReader reader;
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || HasWork(); });
      if (stopping_) return;
      LoadOne(reader, lock);
    }
  }

  // Loads the next image into its batch. Gives `lock` up meanwhile.
  void LoadOne(ImageReader& reader, std::unique_lock<std::mutex>& lock) {
    const int64_t position = next_++;
    const int64_t slot = position % options_.batch_size;
    PendingBatch& pending = PendingOf(position);
    if (slot == 0) BeginBatch(position, pending);
    Batch& batch = *pending.batch;
    ++running_;
    lock.unlock();
    std::vector<BrokenFile> broken;
    std::exception_ptr failure;
    try {
      const int64_t values = batch.size * batch.size * 3;
      batch.labels[slot] = options_.bytes
                               ? Load(reader, position, &batch.bytes[slot * values], broken)
                               : Load(reader, position, &batch.pixels[slot * values], broken);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    --running_;
    if (failure) failure_ = failure;
    pending.broken.insert(pending.broken.end(), broken.begin(), broken.end());
    if (--pending.unfinished == 0 || running_ == 0) changed_.notify_all();
  }

  void BeginBatch(int64_t position, PendingBatch& pending) {
    if (!pending.batch) pending.batch = pool_->Take();
    Batch& batch = *pending.batch;
    batch.count = std::min(options_.batch_size, end_ - position);
    batch.size = options_.image_size;
    batch.labels.resize(batch.count);
    const int64_t values = batch.count * batch.size * batch.size * 3;
    options_.bytes ? batch.bytes.resize(values) : batch.pixels.resize(values);
    pending.unfinished = batch.count;
    pending.broken.clear();
  }

  // Returns the label; kLeftOut if there is no image.
  template <typename Value>
  int64_t Load(ImageReader& reader, int64_t position, Value* target,
               std::vector<BrokenFile>& broken) const {
    // More in a row than broken_max_ end the run anyway.
    const int64_t attempts = training() ? broken_max_ + 1 : 1;
    for (int64_t attempt = 0; attempt < attempts; ++attempt) {
      const int64_t image = (order_[position] + attempt) % std::ssize(folder_.files);
      const ImageFile& file = folder_.files[image];
      try {
        const ImageSize size = reader.Open(file.path);
        TorchGenerator generator(ImageSeed(options_.seed, epoch_, image));
        const Crop crop = training() ? TrainingCrop(size, options_.image_size, generator)
                                     : ValidationCrop(size, options_.image_size);
        reader.Read(crop, options_.scaled_decoding, target);
        return file.label;
      } catch (const core::Error& error) {
        broken.push_back({.position = position, .image = image, .reason = error.what()});
      } catch (const std::bad_alloc&) {
        throw core::Error(
            absl::StrCat(file.path, ": not enough memory to decode it: use fewer --workers"));
      }
    }
    return kLeftOut;
  }

  // Waits for the next batch, in order, or loads it here.
  PendingBatch TakeFinished() {
    std::unique_lock lock(mutex_);
    const int64_t first = delivered_ * options_.batch_size;
    PendingBatch& pending = PendingOf(first);
    const auto finished = [&] { return next_ > first && pending.unfinished == 0; };
    while (threads_.empty() && !failure_ && !finished()) LoadOne(reader_, lock);
    changed_.wait(lock, [&] { return failure_ || finished(); });
    if (failure_) std::rethrow_exception(failure_);
    PendingBatch taken = std::exchange(pending, {});
    ++delivered_;
    lock.unlock();
    changed_.notify_all();
    return taken;
  }

  // In the order of the epoch, whatever the workers' order was.
  void ReportBroken(std::vector<BrokenFile>& broken) {
    std::stable_sort(broken.begin(), broken.end(), [](const BrokenFile& a, const BrokenFile& b) {
      return a.position < b.position;
    });
    for (const BrokenFile& file : broken) {
      if (!broken_.insert(file.image).second) continue;
      broken_names_.push_back(absl::StrCat(folder_.files[file.image].path, " (", file.reason, ")"));
      if (!ever_broken_.insert(file.image).second) continue;
      skipped_.push_back({.path = folder_.files[file.image].path, .reason = file.reason});
      if (options_.on_skip) options_.on_skip(skipped_.back());
    }
    if (std::ssize(broken_) <= broken_max_) return;
    const size_t shown = std::min<size_t>(kNamesShown, broken_names_.size());
    throw core::Error(absl::StrCat(
        "rank ", options_.rank, ": more than 1 % of the images in ", folder_.path,
        " are broken: ", broken_.size(), " so far of this rank's ", images_, ", among them ",
        absl::StrJoin(broken_names_.begin(), broken_names_.begin() + shown, ", "),
        ": replace or remove them"));
  }

  const ImageFolder& folder_;
  const ImageLoaderOptions options_;
  int64_t images_ = 0;      // Of this rank, in an epoch.
  int64_t broken_max_ = 0;  // Of them, before the run ends.

  const std::shared_ptr<BatchPool> pool_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool stopping_ = false;
  int64_t next_ = 0;       // The next image that nobody loads yet.
  int64_t end_ = 0;        // Behind the epoch's last.
  int64_t running_ = 0;    // Images that are being loaded.
  int64_t delivered_ = 0;  // Batches.
  std::exception_ptr failure_;
  std::vector<PendingBatch> pending_;  // A ring, by batch.

  // Changed only while nothing is being loaded.
  int epoch_ = 0;
  std::vector<int64_t> order_;

  // For the caller's thread.
  ImageReader reader_;
  std::unordered_set<int64_t> broken_;     // In this epoch.
  std::vector<std::string> broken_names_;  // Likewise.
  std::unordered_set<int64_t> ever_broken_;
  std::vector<SkippedImage> skipped_;

  std::vector<std::thread> threads_;
};

ImageLoader::ImageLoader(const ImageFolder& folder, ImageLoaderOptions options)
    : pipeline_(std::make_unique<Pipeline>(folder, std::move(options))) {}

ImageLoader::~ImageLoader() = default;

void ImageLoader::BeginEpoch(int epoch, int64_t batch) { pipeline_->BeginEpoch(epoch, batch); }

std::shared_ptr<const Batch> ImageLoader::Next() { return pipeline_->Next(); }

int64_t ImageLoader::batches_per_epoch() const { return pipeline_->batches(); }

const std::vector<SkippedImage>& ImageLoader::skipped() const { return pipeline_->skipped(); }

}  // namespace backends
