#ifndef EXPERIMENTS_TRAINING_PROGRESS_H_
#define EXPERIMENTS_TRAINING_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "core/training/train.h"

namespace experiments {

// What a person sees of a run: a line per epoch, and on a terminal one that counts the steps.
class Progress {
 public:
  struct Size {
    int epochs = 1;
    int64_t steps_per_epoch = 1;
    int64_t images_per_step = 1;  // Of all ranks.
  };
  Progress(std::string title, Size size, bool terminal);

  void OnStep(int epoch, int64_t step);
  void OnEpoch(const core::EpochRecord& record);

 private:
  using SteadyClock = std::chrono::steady_clock;

  double SecondsLeft(double steps_done) const;

  const std::string title_;
  const Size size_;
  const bool terminal_;
  const SteadyClock::time_point start_ = SteadyClock::now();
  SteadyClock::time_point drawn_{};
  SteadyClock::time_point epoch_start_ = start_;
};

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_PROGRESS_H_
