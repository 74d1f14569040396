#include "backends/torch/model/learning_rate.h"

#include <cmath>
#include <numbers>
#include <string>

#include "absl/status/status.h"

namespace backends {

double Schedule::Factor(int epoch, int epochs) const {
  constexpr double kStart = 0.01;
  if (epoch < warmup_epochs) return kStart + (1 - kStart) * epoch / warmup_epochs;
  if (cosine) {
    const double progress =
        static_cast<double>(epoch - warmup_epochs) / std::max(1, epochs - warmup_epochs);
    return (1 + std::cos(std::numbers::pi * progress)) / 2;
  }
  double factor = 1;
  for (int milestone : milestones) {
    if (epoch >= milestone) factor *= 0.1;
  }
  return factor;
}

absl::StatusOr<Schedule> ParseSchedule(std::string_view name) {
  if (name == "constant") return Schedule{};
  if (name == "step") {
    Schedule schedule;
    for (int epoch = 30; epoch < 300; epoch += 30) schedule.milestones.push_back(epoch);
    return schedule;
  }
  if (name == "warmup_step") return Schedule{.warmup_epochs = 5, .milestones = {30, 60, 80}};
  if (name == "warmup_cosine")
    return Schedule{.warmup_epochs = 5, .milestones = {}, .cosine = true};
  return absl::InvalidArgumentError("unknown learning-rate schedule \"" + std::string(name) +
                                    "\": use constant, step, warmup_step or warmup_cosine");
}

}  // namespace backends
