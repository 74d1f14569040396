#ifndef EXPERIMENTS_TRAINING_RUN_RECORD_H_
#define EXPERIMENTS_TRAINING_RUN_RECORD_H_

#include <string>

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

  // Write the file; throw core::Error if they cannot.
  void WritePartial();
  void WriteComplete();

  const std::string& path() const { return path_; }

 private:
  void Write(bool partial);

  core::Results results_;
  const std::string path_;
};

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_RUN_RECORD_H_
