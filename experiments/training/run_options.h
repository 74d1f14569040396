#ifndef EXPERIMENTS_TRAINING_RUN_OPTIONS_H_
#define EXPERIMENTS_TRAINING_RUN_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/strategies/strategies.h"
#include "experiments/training/rank_environment.h"

namespace experiments {

// One run of one strategy. Where a flag's default depends on others, it has been chosen here.
struct RunOptions {
  std::string strategy;  // One of core::StrategyNames().
  std::string backend;   // "gloo" or "nccl"
  std::string device;    // "cpu" or "cuda"
  bool cuda_graph = false;
  int ranks = 0;           // That we start on this machine; servers included.
  std::string data_dir;    // Absolute; empty with `synthetic`.
  bool generated = false;  // The data set is ours: made on first use.
  bool synthetic = false;  // Random batches instead of images: no loading.
  std::string output_dir;  // Absolute.
  std::string trace;       // Absolute, or empty.

  int epochs = 0;
  int64_t steps = 0;   // Per epoch; 0: the whole data set.
  int batch_size = 0;  // Per training rank.
  int image_size = 0;
  int workers = 0;  // Loading threads per rank.
  int threads = 0;  // Computing threads per rank.
  bool scaled_decoding = false;
  std::string precision;
  std::string weights;  // Absolute, or empty.
  uint64_t seed = 0;

  double learning_rate = 0;
  std::string learning_rate_schedule;
  double momentum = 0;
  double weight_decay = 0;
  double label_smoothing = 0;
  double bucket_mb = 0;
  int servers = 1;
  bool colocated = false;

  std::chrono::milliseconds timeout{};
  std::string interface;

  core::StrategyOptions strategy_options() const;
  // The strategy's. Throws core::Error for one that there is not.
  const core::StrategyEntry& entry() const;
};

// The flags' values, checked, with defaults for the program's strategy on a machine of `cores`, and
// for the ranks that others started, if they did. Throws core::Error that names the flag
// and what would be right.
RunOptions OptionsFromFlags(std::string_view default_strategy, int cores,
                            const std::optional<RankEnvironment>& environment);

// The same run with another strategy, and as many training ranks.
RunOptions WithStrategy(RunOptions options, std::string_view strategy);

// Ranks among `ranks` that train.
int TrainingRanks(const RunOptions& options, int ranks);

// For the results file: what is needed to repeat the run, as text.
std::map<std::string, std::string> Describe(const RunOptions& options);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_RUN_OPTIONS_H_
