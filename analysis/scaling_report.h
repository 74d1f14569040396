#ifndef ANALYSIS_SCALING_REPORT_H_
#define ANALYSIS_SCALING_REPORT_H_

#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "analysis/data/scaling.h"

namespace analysis {

// The study that ps_scaling.json in `directory` holds; nothing if there is no such file. An error
// names file and key.
absl::StatusOr<std::optional<ScalingStudy>> LoadScalingStudy(const std::string& directory);

// Prints the text of the study that is in `directory` to `out`, and writes it to ps_scaling.txt and
// its pictures to plots/ps_scaling_*.png there. An error names the file that cannot be used or
// written.
absl::Status WriteScalingReport(const std::string& directory, std::ostream& out);

}  // namespace analysis

#endif  // ANALYSIS_SCALING_REPORT_H_
