#ifndef ANALYSIS_REPORT_H_
#define ANALYSIS_REPORT_H_

#include <ostream>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "analysis/text/phrases.h"
#include "core/strategies/strategies.h"

namespace analysis {

// Compares the runs of these strategies that left results in `directory`, and shows the simulated study and what is
// known of the simulator's error, if they are there: prints the tables to `out`, and writes
// performance_report.txt and plots/*.png there. A file that is missing or malformed is named in the
// notes, the rest reported. An error if there is nothing to report, or if text or plots could not
// be written; of these two one is written even if the other could not be.
absl::Status WriteReport(const std::string& directory, Language language, std::ostream& out,
                         std::span<const core::StrategyEntry> strategies = core::Strategies());

// Prints the text of the study that is in `directory` to `out`, and writes it to ps_scaling.txt and
// its pictures to plots/ps_scaling_*.png there. An error names the file that cannot be used or
// written.
absl::Status WriteScalingReport(const std::string& directory, std::ostream& out);

}  // namespace analysis

#endif  // ANALYSIS_REPORT_H_
