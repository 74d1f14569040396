#ifndef ANALYSIS_PLOTS_VALIDATION_PLOT_H_
#define ANALYSIS_PLOTS_VALIDATION_PLOT_H_

#include <string>

#include "absl/status/status.h"
#include "analysis/data/validation.h"

namespace analysis {

// Draws validation.png into `directory`: predicted against measured step times, with the diagonal
// and a band of 5 %.
absl::Status WriteValidationPlot(const Validation& validation, const std::string& directory);

}  // namespace analysis

#endif  // ANALYSIS_PLOTS_VALIDATION_PLOT_H_
