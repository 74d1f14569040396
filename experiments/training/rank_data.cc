#include "experiments/training/rank_data.h"

#include <cstdio>

namespace experiments {

RankData::RankData(const RunOptions& options, const backends::ImageDataset& dataset,
                   const core::Roles& roles, int rank) {
  const bool trains = roles.trains(rank);
  const int shard = trains ? roles.shard(rank) : 0;
  if (options.synthetic) {
    steps_ = options.steps > 0 ? options.steps : 10;
    if (trains) {
      synthetic_.emplace(options.batch_size, options.image_size, options.seed + shard,
                         /*bytes=*/options.device == "cuda");
    }
    return;
  }
  backends::ImageLoaderOptions loading;
  loading.batch_size = options.batch_size;
  loading.image_size = options.image_size;
  loading.workers = trains ? options.workers : 0;
  loading.seed = options.seed;
  loading.rank = shard;
  loading.ranks = roles.workers;
  loading.scaled_decoding = options.scaled_decoding;
  loading.bytes = options.device == "cuda";
  loading.on_skip = [](const backends::SkippedImage& skipped) {
    std::fprintf(stderr, "skipped %s: %s\n", skipped.path.c_str(), skipped.reason.c_str());
  };
  training_.emplace(dataset.training, loading);
  steps_ = training_->batches_per_epoch();
  if (options.steps > 0 && options.steps < steps_) steps_ = options.steps;
  const int64_t shard_images =
      (std::ssize(dataset.validation.files) + roles.workers - 1) / roles.workers;
  validation_batches_ = (shard_images + options.batch_size - 1) / options.batch_size;
  if (!trains) return;
  loading.split = backends::Split::kValidation;
  validation_.emplace(dataset.validation, loading);
}

backends::BatchSource* RankData::training() {
  if (synthetic_) return &*synthetic_;
  return training_ ? &*training_ : nullptr;
}

std::vector<std::string> RankData::skipped() const {
  std::vector<std::string> paths;
  for (const auto* loader : {&training_, &validation_}) {
    if (!*loader) continue;
    for (const backends::SkippedImage& image : (*loader)->skipped()) paths.push_back(image.path);
  }
  return paths;
}

}  // namespace experiments
