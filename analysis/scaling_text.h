#ifndef ANALYSIS_SCALING_TEXT_H_
#define ANALYSIS_SCALING_TEXT_H_

#include <string>

#include "analysis/scaling.h"
#include "analysis/scaling_phrases.h"

namespace analysis {

// The study in words and tables, whole lines: for each profile how efficient every strategy is by
// number of workers, how many workers a parameter server feeds, where parameter server and
// all-reduce cross, what stragglers cost.
std::string ScalingSection(const ScalingStudy& study, const ScalingPhrases& phrases);

}  // namespace analysis

#endif  // ANALYSIS_SCALING_TEXT_H_
