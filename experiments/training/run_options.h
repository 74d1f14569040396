#ifndef EXPERIMENTS_TRAINING_RUN_OPTIONS_H_
#define EXPERIMENTS_TRAINING_RUN_OPTIONS_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/strategies/strategies.h"
#include "experiments/common/shared_flags.h"

namespace experiments {

// One run of one strategy. Where a flag's default depends on others, it has been chosen here.
struct RunOptions : Workload {
  std::string strategy;          // One of core::StrategyNames().
  std::string backend = "gloo";  // or "nccl"
  bool cuda_graph = false;
  int ranks = 0;                       // That we start on this machine; servers included.
  std::string data_dir;                // Absolute; empty with `synthetic`.
  bool generated = false;              // The data set is ours: made on first use.
  bool synthetic = false;              // Random batches instead of images: no loading.
  std::string output_dir = "results";  // Absolute.
  std::string trace;                   // Absolute, or empty.
  std::string save;                    // Weights; absolute, or empty: beside the results.
  bool overwrite = false;              // Results of an earlier run.
  int64_t checkpoint_every = -1;       // Steps; −1: after epochs; 0: never.
  bool resume = false;
  bool resume_anyway = false;
  int max_restarts = 0;

  int epochs = 3;
  int64_t steps = 0;  // Per epoch; 0: the whole data set.
  int workers = 1;    // Loading threads per rank and split.
  bool scaled_decoding = false;
  std::string weights;  // Absolute, or empty.
  bool new_classifier = false;
  bool zero_init_residual = false;
  uint64_t seed = 0;

  double learning_rate = 0.01;
  std::string learning_rate_schedule = "constant";
  double momentum = 0.9;
  double weight_decay = 1e-4;
  double label_smoothing = 0;
  core::StrategyOptions strategy_options;

  std::chrono::milliseconds timeout = std::chrono::minutes(5);
  std::string interface;

  // The strategy's. Throws core::Error for one that there is not.
  const core::StrategyEntry& entry() const;
};

// Loading threads of a rank that may use so many cores. A core decodes some hundred photographs a
// second and trains on a few, so that computing on the processor leaves loading one core in eight. A
// GPU takes more than all cores decode; one is kept for the rank itself.
inline int DefaultWorkers(int cores, bool gpu) {
  return gpu ? std::clamp(cores - 1, 1, 16) : std::clamp(cores / 8, 1, 8);
}

// The options of this process, from its command line and environment, checked, with defaults for
// the program's strategy, this machine and the ranks that others started, if they did. Throws
// core::Error that names the flag and what would be right.
RunOptions ReadOptions(std::string_view strategy, std::string_view usage, int argc, char** argv);

// The same run with another strategy, and as many training ranks.
RunOptions WithStrategy(RunOptions options, std::string_view strategy);

// Ranks among `ranks` that train.
int TrainingRanks(const RunOptions& options, int ranks);

// For the results file: all flags, by which the run can be repeated, as text.
std::map<std::string, std::string> Describe(RunOptions options);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_RUN_OPTIONS_H_
