#ifndef EXPERIMENTS_TRAINING_RESUMPTION_H_
#define EXPERIMENTS_TRAINING_RESUMPTION_H_

#include <optional>
#include <vector>

#include "backends/images/image_folder.h"
#include "core/communicator.h"
#include "core/task.h"
#include "core/training/checkpoint.h"
#include "experiments/training/checkpoint_file.h"
#include "experiments/training/run_options.h"

namespace experiments {

// What must be equal for two runs to give the same losses: data, ranks, library and all flags but
// those that only say where things are or how fast they go.
Settings SettingsOf(const RunOptions& options, const backends::ImageDataset& dataset,
                    int world_size);

// Lets ranks find the newest position of which all of them have a checkpoint. It outlives the
// communicator, which may write to it until then.
class Resumption {
 public:
  // All ranks call it, each with its own positions, the newest first.
  core::Task Agree(core::Communicator& communicator, const std::vector<core::Position>& own);
  // Empty if there is none.
  std::optional<core::Position> position() const { return position_; }

 private:
  std::vector<double> gathered_;
  std::optional<core::Position> position_;
};

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_RESUMPTION_H_
