#ifndef EXPERIMENTS_TRAINING_GATHER_TEXT_H_
#define EXPERIMENTS_TRAINING_GATHER_TEXT_H_

#include <string>
#include <vector>

#include "core/communicator.h"
#include "core/task.h"

namespace experiments {

// Brings every rank's `text` to rank 0, where `texts` then holds them by rank; unchanged elsewhere.
// All ranks call it. `texts` outlives the task.
core::Task GatherText(core::Communicator& communicator, std::string text,
                      std::vector<std::string>& texts);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_GATHER_TEXT_H_
