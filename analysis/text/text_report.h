#ifndef ANALYSIS_TEXT_TEXT_REPORT_H_
#define ANALYSIS_TEXT_TEXT_REPORT_H_

#include <string>

#include "analysis/data/run.h"
#include "analysis/text/phrases.h"

namespace analysis {

// Sections of the text report, each of whole lines.

// One row per method: ranks, throughput, times, communication, accuracy, speed-up.
std::string ComparisonSection(const Runs& runs, Say say);

// How far each loss curve lies from the baseline's. Empty without a baseline or another method.
std::string LossDistanceSection(const Runs& runs, Say say);

// What a reader must know of the above: files missing or malformed, partial runs, unequal work.
// Empty if there is nothing to say.
std::string NotesSection(const Runs& runs, Say say);

// One method: configuration, averages, every epoch.
std::string MethodSection(const Run& run, Say say);

}  // namespace analysis

#endif  // ANALYSIS_TEXT_TEXT_REPORT_H_
