#ifndef ANALYSIS_PLOTS_CURVE_PLOTS_H_
#define ANALYSIS_PLOTS_CURVE_PLOTS_H_

#include <string>
#include <vector>

#include "analysis/data/run.h"

namespace analysis {

// Each appends one picture to a script: a curve per method.
void LossPlot(const std::vector<Run>& runs, std::string& script);
void AccuracyPlot(const std::vector<Run>& runs, std::string& script);

}  // namespace analysis

#endif  // ANALYSIS_PLOTS_CURVE_PLOTS_H_
