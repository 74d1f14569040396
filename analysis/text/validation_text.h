#ifndef ANALYSIS_TEXT_VALIDATION_TEXT_H_
#define ANALYSIS_TEXT_VALIDATION_TEXT_H_

#include <cstddef>
#include <string>

#include "analysis/data/validation.h"
#include "analysis/text/phrases.h"

namespace analysis {

// "48 cases: mean error of the step time 2.4 %, worst 9.7 %", a line.
std::string ErrorLine(const Validation& validation, Say say);

// A table of the cases that it predicts worst, at most `cases_max`.
std::string CasesTable(const Validation& validation, Say say, size_t cases_max);

// Whole lines: mean and worst error, where that was measured, and the cases predicted worst.
std::string ValidationSection(const Validation& validation, Say say);

}  // namespace analysis

#endif  // ANALYSIS_TEXT_VALIDATION_TEXT_H_
