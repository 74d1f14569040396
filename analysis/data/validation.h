#ifndef ANALYSIS_DATA_VALIDATION_H_
#define ANALYSIS_DATA_VALIDATION_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/records/fields.h"

namespace analysis {

// A run that was both measured and predicted by the simulator.
struct ValidatedCase {
  std::string strategy;
  int ranks = 0;
  std::string rate;                  // Of each host's link: "1gbit".
  std::string workload;              // What it is bound by: "communication".
  double measured_step_seconds = 0;  // Median.
  double measured_spread = 0;        // Interquartile range over median.
  double predicted_step_seconds = 0;
  double measured_exposed_seconds = 0;
  double predicted_exposed_seconds = 0;
  double least_seconds = 0;  // No step can be shorter.
  bool noisy = false;        // Measured with much spread, even when repeated.

  bool impossible() const { return measured_step_seconds < least_seconds; }
  double error() const { return predicted_step_seconds / measured_step_seconds - 1; }
};

template <typename Fields>
void Visit(Fields& fields, core::MaybeConst<ValidatedCase> auto& each) {
  constexpr core::AtLeast kSomeTime(1e-9);
  fields("strategy", each.strategy, core::kRequired);
  fields("ranks", each.ranks, core::AtLeast(1));
  fields("rate", each.rate, core::kRequired);
  fields("workload", each.workload, core::kRequired);
  fields("measured_step_seconds", each.measured_step_seconds, kSomeTime);
  fields("measured_spread", each.measured_spread, core::kRequired);
  fields("predicted_step_seconds", each.predicted_step_seconds, kSomeTime);
  fields("measured_exposed_seconds", each.measured_exposed_seconds, core::kRequired);
  fields("predicted_exposed_seconds", each.predicted_exposed_seconds, core::kRequired);
  fields("least_seconds", each.least_seconds, core::kRequired);
  fields("noisy", each.noisy, core::kRequired);
}

// What is known of the simulator's error: the file validation.json, which the program
// validate_simulator writes.
struct Validation {
  std::vector<ValidatedCase> cases;  // The largest error first. There is one at least.
  std::string processor;             // Of the machine that measured.
  int cores = 0;
  std::string commit;   // Of the program; empty if the file does not say.
  std::string picture;  // plots/validation.png, if that program left it.

  double mean_error() const;  // Of the absolute errors.
  double worst_error() const;
  int noisy_cases() const;
  int impossible_cases() const;
};

void SortByError(std::vector<ValidatedCase>& cases);

// That of `directory`; nothing if there is no such file. An error names file and key.
absl::StatusOr<std::optional<Validation>> LoadValidation(const std::string& directory);

}  // namespace analysis

#endif  // ANALYSIS_DATA_VALIDATION_H_
