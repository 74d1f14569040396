#ifndef ANALYSIS_PLOTS_SCALING_PLOTS_H_
#define ANALYSIS_PLOTS_SCALING_PLOTS_H_

#include <string>

#include "absl/status/status.h"
#include "analysis/data/scaling.h"

namespace analysis {

// Draws ps_scaling_throughput.png, ps_scaling_efficiency.png, ps_scaling_breakdown.png and
// ps_scaling_knee.png of the study's first profile into `directory`: all of them or none.
absl::Status WriteScalingPlots(const ScalingStudy& study, const std::string& directory);

}  // namespace analysis

#endif  // ANALYSIS_PLOTS_SCALING_PLOTS_H_
