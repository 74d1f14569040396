#ifndef EXPERIMENTS_TRAINING_RANK_DATA_H_
#define EXPERIMENTS_TRAINING_RANK_DATA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/images/image_folder.h"
#include "backends/images/image_loader.h"
#include "backends/images/synthetic_source.h"
#include "core/strategy.h"
#include "experiments/training/run_options.h"

namespace experiments {

// The minibatches of one rank.
class RankData {
 public:
  // `dataset` outlives it. Throws core::Error.
  RankData(const RunOptions& options, const backends::ImageDataset& dataset,
           const core::Roles& roles, int rank);

  int64_t steps_per_epoch() const { return steps_; }
  // Of the rank that has the most; 0 without validation.
  int64_t validation_batches() const { return validation_batches_; }
  // Null on servers, validation also with synthetic images.
  backends::BatchSource* training();
  backends::BatchSource* validation() { return validation_ ? &*validation_ : nullptr; }
  // Paths of broken files that were met so far.
  std::vector<std::string> skipped() const;

 private:
  int64_t steps_ = 0;
  int64_t validation_batches_ = 0;
  std::optional<backends::SyntheticSource> synthetic_;
  std::optional<backends::ImageLoader> training_;
  std::optional<backends::ImageLoader> validation_;
};

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_RANK_DATA_H_
