#ifndef EXPERIMENTS_PROFILING_PROFILE_MEASUREMENT_H_
#define EXPERIMENTS_PROFILING_PROFILE_MEASUREMENT_H_

#include <functional>
#include <vector>

#include "core/records/profile.h"
#include "core/replica.h"
#include "core/timeline.h"

namespace experiments {

// When things happened in one step, seconds after its start.
struct StepTimes {
  double forward = 0;  // Its end.
  double pass = 0;
  std::vector<double> ready;  // By parameter.
  // Seconds.
  double update = 0;
  double accumulate = 0;  // Of one gradient to a sum.
};

// Shows when something happened, once the step is over.
using Instant = std::function<core::Duration()>;

// How instants of a step are taken where the timeline's clock does not show them at once: on a
// device, which does later what it is told now.
struct InstantTaker {
  std::function<Instant()> now;      // When what was told so far is done.
  std::function<Instant()> awaited;  // When what has just been awaited was done.
};

// By the timeline's clock.
InstantTaker ByClock(const core::Timeline& timeline);

// Runs `steps` steps of `replica` alone, after `warmup_steps` more, each with an update and the
// addition of one gradient to another. `timeline` is the replica's, and its clock measures.
// `on_step` is told how many are done.
std::vector<StepTimes> MeasureSteps(core::Replica& replica, core::Timeline& timeline,
                                    const InstantTaker& taker, int warmup_steps, int steps,
                                    const std::function<void(int done)>& on_step);

// The figures of a profile: medians over the steps, gradients in the order of their median times.
// `extents` are the replica's. What is about model and machine is left to the caller.
core::Profile ProfileOf(const std::vector<StepTimes>& steps, std::span<const core::Extent> extents);

}  // namespace experiments

#endif  // EXPERIMENTS_PROFILING_PROFILE_MEASUREMENT_H_
