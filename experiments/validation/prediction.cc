#include "experiments/validation/prediction.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "core/records/trace.h"
#include "sim/simulate.h"

namespace experiments {
namespace {

// The first steps start from rest; what comes after them is alike.
constexpr int kFirstSteps = 2;
constexpr int kSteps = 12;

sim::Simulation Run(const ValidationCase& validation_case, const sim::Cluster& cluster,
                    const core::Profile& profile, int steps) {
  return sim::Simulate(cluster, profile, [&](int) { return MakeStrategy(validation_case); },
                       {.world_size = validation_case.ranks,
                        .steps = steps,
                        .all_reduce = {.algorithm = core::AllReduceAlgorithm::kDirectExchange},
                        .trace = true});
}

}  // namespace

Prediction Predict(const ValidationCase& validation_case, const Calibration& calibration) {
  const sim::Cluster cluster = ClusterOf(calibration);
  core::Profile profile = validation_case.workload->profile;
  profile.update = 4.0 * static_cast<double>(profile.parameters) / calibration.update_rate.value;
  const sim::Simulation first = Run(validation_case, cluster, profile, kFirstSteps);
  const sim::Simulation all = Run(validation_case, cluster, profile, kSteps);
  Prediction prediction;
  prediction.step = ((all.end - all.start) - (first.end - first.start)) / (kSteps - kFirstSteps);
  for (size_t step = kFirstSteps; step < all.worker_steps.size(); ++step) {
    prediction.exposed += all.worker_steps[step].exposed.count() / (kSteps - kFirstSteps);
  }
  std::vector<std::string> events;
  for (const sim::RankTrace& trace : all.traces) {
    events.push_back(core::TraceEvents(trace.rank, absl::StrCat("rank ", trace.rank), trace.spans));
  }
  prediction.trace = core::TraceFile(events);
  return prediction;
}

}  // namespace experiments
