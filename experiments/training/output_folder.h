#ifndef EXPERIMENTS_TRAINING_OUTPUT_FOLDER_H_
#define EXPERIMENTS_TRAINING_OUTPUT_FOLDER_H_

#include <string>

#include "experiments/training/run_options.h"

namespace experiments {

// Makes the folder. Throws core::Error if it cannot be written.
void PrepareOutput(const std::string& folder);

// One run at a time writes the files of a strategy in a folder. The system gives the lock up when
// the process that holds it, and those that it forked, have ended, however they do.
class OutputLock {
 public:
  // Throws core::Error if another run holds it.
  explicit OutputLock(const RunOptions& options);
  ~OutputLock();
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

 private:
  int file_ = -1;
};

// The file of the trained weights; `best`: those with the best validation.
std::string WeightsFile(const RunOptions& options, bool best);

// Where a run's checkpoints are.
std::string CheckpointPath(const RunOptions& options);

// If there are results of a run that has ended, puts them and its weights into the first of the
// folders OUTPUT.1, OUTPUT.2, … that has none yet, and says so. Throws core::Error.
void KeepEarlierResults(const RunOptions& options);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_OUTPUT_FOLDER_H_
