#ifndef ANALYSIS_PLOTS_BAR_PLOTS_H_
#define ANALYSIS_PLOTS_BAR_PLOTS_H_

#include <string>
#include <vector>

#include "analysis/data/run.h"

namespace analysis {

// Each appends one picture to a script: a bar per method.
void ThroughputPlot(const std::vector<Run>& runs, std::string& script);
void TrainingTimePlot(const std::vector<Run>& runs, std::string& script);
// A step's time, from below: computation, communication behind it, exposed communication.
void CommunicationPlot(const std::vector<Run>& runs, std::string& script);

}  // namespace analysis

#endif  // ANALYSIS_PLOTS_BAR_PLOTS_H_
