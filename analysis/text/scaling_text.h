#ifndef ANALYSIS_TEXT_SCALING_TEXT_H_
#define ANALYSIS_TEXT_SCALING_TEXT_H_

#include <string>

#include "analysis/data/scaling.h"
#include "analysis/text/phrases.h"

namespace analysis {

// The study in words and tables, whole lines: for each profile how efficient every strategy is by
// number of workers, how many workers a parameter server feeds, where parameter server and
// all-reduce cross, what stragglers cost.
std::string ScalingSection(const ScalingStudy& study, Say say);

// Numbers of workers, ascending, at which `curve` is at least as fast as `other`, in words:
// "always", "never", "at 4", "up to 16", "from 8", "4 to 64".
std::string WhereFaster(const ScalingCurve& curve, const ScalingCurve& other, Say say);

}  // namespace analysis

#endif  // ANALYSIS_TEXT_SCALING_TEXT_H_
