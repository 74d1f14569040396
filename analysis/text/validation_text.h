#ifndef ANALYSIS_TEXT_VALIDATION_TEXT_H_
#define ANALYSIS_TEXT_VALIDATION_TEXT_H_

#include <string>

#include "analysis/data/validation.h"
#include "analysis/text/phrases.h"

namespace analysis {

// Whole lines: the simulator's mean and worst error in one, where that was measured, and a table of
// the cases it predicts worst.
std::string ValidationSection(const Validation& validation, const Phrases& phrases);

}  // namespace analysis

#endif  // ANALYSIS_TEXT_VALIDATION_TEXT_H_
