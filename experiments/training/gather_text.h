#ifndef EXPERIMENTS_TRAINING_GATHER_TEXT_H_
#define EXPERIMENTS_TRAINING_GATHER_TEXT_H_

#include <string>
#include <vector>

#include "core/communicator.h"
#include "core/task.h"

namespace experiments {

// Brings every rank's text to rank 0. It outlives the communicator, which may read and write the
// texts until then.
class TextGathering {
 public:
  // Once; all ranks call it.
  core::Task Run(core::Communicator& communicator, std::string text);
  // On rank 0, by rank; empty elsewhere.
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::string own_;
  std::vector<double> lengths_;
  std::vector<std::string> texts_;
};

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_GATHER_TEXT_H_
