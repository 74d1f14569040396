#ifndef EXPERIMENTS_TRAINING_RUN_RECORD_H_
#define EXPERIMENTS_TRAINING_RUN_RECORD_H_

#include <string>

#include "absl/status/status.h"
#include "core/records/results.h"
#include "core/training/train.h"
#include "experiments/training/run_options.h"

namespace experiments {

// The results file of a run: written after every epoch, marked partial until the run is complete.
class RunRecord {
 public:
  RunRecord(const RunOptions& options, int world_size);

  void AddEpoch(const core::EpochRecord& record);
  core::Results& results() { return results_; }
  // Goes on with the results of an earlier start of this run, as Text() gave them. Throws
  // core::Error.
  void Resume(const std::string& text);
  std::string Text() const { return core::FormatResults(results_); }

  // Writes what there is so far, if it has an epoch: nothing is never better than what is there.
  absl::Status WritePartial();
  absl::Status WriteComplete();

  const std::string& path() const { return path_; }

 private:
  absl::Status Write(bool partial);

  core::Results results_;
  const std::string path_;
};

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_RUN_RECORD_H_
