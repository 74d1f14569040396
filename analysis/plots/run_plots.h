#ifndef ANALYSIS_PLOTS_RUN_PLOTS_H_
#define ANALYSIS_PLOTS_RUN_PLOTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "analysis/data/run.h"

namespace analysis {

// Draws throughput_comparison.png, training_time_comparison.png, loss_curves.png,
// accuracy_curves.png and communication_overhead.png into `directory`, which is made if missing:
// all of them or none.
absl::Status WriteRunPlots(const std::vector<Run>& runs, const std::string& directory);

}  // namespace analysis

#endif  // ANALYSIS_PLOTS_RUN_PLOTS_H_
