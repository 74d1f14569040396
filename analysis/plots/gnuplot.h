#ifndef ANALYSIS_PLOTS_GNUPLOT_H_
#define ANALYSIS_PLOTS_GNUPLOT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace analysis {

// Runs gnuplot on `script`, which writes `pictures` into its current folder, and moves these into
// `directory`, which is made if missing: all of them or none. Errors say what gnuplot said, or that
// it is not installed.
absl::Status Plot(const std::string& script, const std::vector<std::string>& pictures,
                  const std::string& directory);

}  // namespace analysis

#endif  // ANALYSIS_PLOTS_GNUPLOT_H_
