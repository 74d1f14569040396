#ifndef BACKENDS_TORCH_MODEL_LEARNING_RATE_H_
#define BACKENDS_TORCH_MODEL_LEARNING_RATE_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace backends {

// How the learning rate changes from epoch to epoch, as torch.optim.lr_scheduler has it.
struct Schedule {
  // The rate rises linearly from 1/100 over this many epochs (LinearLR).
  int warmup_epochs = 0;
  // Epochs from which on the rate is a tenth of what it was (MultiStepLR).
  std::vector<int> milestones;
  // From the end of the warm-up to `epochs`, the rate falls to zero along half a cosine
  // (CosineAnnealingLR).
  bool cosine = false;

  // What multiplies the base rate in `epoch`, from 0, of `epochs`.
  double Factor(int epoch, int epochs) const;
};

// "constant"; "step": a tenth every 30 epochs; "warmup_step": 5 epochs of warm-up, a tenth at 30,
// 60 and 80; "warmup_cosine": 5 epochs of warm-up, then cosine.
absl::StatusOr<Schedule> ParseSchedule(std::string_view name);

}  // namespace backends

#endif  // BACKENDS_TORCH_MODEL_LEARNING_RATE_H_
