#ifndef CORE_RECORDS_RESULTS_H_
#define CORE_RECORDS_RESULTS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/file.h"  // WriteFile, for those who write beside the results.
#include "core/breakdown.h"

namespace core {

// One epoch, over all training ranks. Accuracies in percent, times in seconds. JSON keys are the
// fields' names.
struct EpochResult {
  int epoch = 0;  // From 1.
  double train_loss = 0;
  double train_accuracy = 0;
  double train_time = 0;        // Loading included, validation not.
  double train_throughput = 0;  // Images per second of all ranks.
  double avg_batch_time = 0;
  std::optional<double> avg_comm_time;       // Per step, where gradients are all-reduced.
  std::optional<double> avg_comm_time_pull;  // Per step, with a parameter server.
  std::optional<double> avg_comm_time_push;
  std::optional<double> val_loss;
  std::optional<double> val_accuracy;
  std::optional<Breakdown> breakdown;  // Mean over steps and training ranks.
};

// What a run leaves behind. The names at the top level and in `summary` are those of the Python
// scripts that people compare with; ours are added beside them.
struct Results {
  std::string method;    // "Baseline DDP (PyTorch)", "Lockstep DDP", …
  std::string strategy;  // "ddp", "all_reduce", "parameter_server"; empty if the file does not say.
  int world_size = 0;
  std::optional<int> num_workers;  // Training ranks of a parameter server.
  int batch_size = 0;              // Per training rank.
  std::string start_time;          // "YYYY-MM-DD HH:MM:SS", local.
  std::string end_time;
  bool partial = false;  // Interrupted before its last epoch.
  std::vector<EpochResult> epochs;
  std::vector<double> all_losses;  // One per step.
  std::optional<double> best_accuracy;
  // avg_train_throughput, avg_train_time_per_epoch, best_val_accuracy, final_train_accuracy,
  // avg_comm_time, avg_comm_time_pull, avg_comm_time_push: those that apply.
  std::map<std::string, double> summary;
  // Flags, host, versions, as text: what is needed to repeat the run.
  std::map<std::string, std::string> configuration;
  std::vector<std::string> skipped_images;  // Broken files.
  std::vector<double> peak_memory_bytes;    // By rank.
  std::vector<double> step_times;           // Seconds, of rank 0, one per step.
  std::optional<double> startup_seconds;    // From the command to its first step's end.
};

// Fills `summary` and `best_accuracy` from the epochs: means over epochs, the best accuracy, and
// where there was no validation the last training accuracy instead.
void Summarize(Results& results);

// The file is there whole or not at all, as with WriteFile. A number that is not finite is written
// as null.
absl::Status WriteResults(const Results& results, const std::string& path);

// What such a file holds.
std::string FormatResults(const Results& results);

// Reads ours and those of the Python scripts: epochs counted from 0 or 1; times with "T" or a
// blank; losses in `all_losses`, or a list per epoch inside `epochs`; a loss that is null, NaN or
// Infinity is NaN. What the summary leaves out is filled in from the epochs. Errors name file, key,
// what was found and what would be right. Files of more than 64 MiB are refused.
absl::StatusOr<Results> ReadResults(const std::string& path);
// The same of what a file holds; errors say `name` instead of the file's.
absl::StatusOr<Results> ParseResults(const std::string& text, const std::string& name);

}  // namespace core

#endif  // CORE_RECORDS_RESULTS_H_
