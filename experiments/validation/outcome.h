#ifndef EXPERIMENTS_VALIDATION_OUTCOME_H_
#define EXPERIMENTS_VALIDATION_OUTCOME_H_

#include <string>
#include <vector>

#include "analysis/data/validation.h"
#include "experiments/validation/measurement.h"
#include "experiments/validation/prediction.h"
#include "experiments/validation/validation_case.h"
#include "nlohmann/json.hpp"

namespace experiments {

// A case, measured and predicted.
struct Outcome {
  ValidationCase validation_case;
  std::vector<double> seconds;  // Of the measured steps.
  std::string trace;            // Of the same, a whole Chrome trace.
  double exposed = 0;           // Measured: median over the steps of the mean over training ranks.
  Prediction prediction;
  double least = 0;  // See LeastSeconds.
  bool repeated = false;

  double median() const;
  double spread() const;  // Interquartile range over median.
  bool noisy() const;     // Repeated, and the spread is still above kSpreadMax.
  double error() const { return prediction.step / median() - 1; }
};

inline constexpr double kSpreadMax = 0.03;

// The first steps of a measurement fetch memory and fill connections.
inline constexpr size_t kWarmupSteps = 2;

// Adds what was measured to the outcome.
void AddMeasured(const Measured& measured, Outcome& outcome);

// All cases, by error, the largest first.
analysis::Validation ValidationOf(const std::vector<Outcome>& outcomes);

nlohmann::ordered_json ToJson(const std::vector<Outcome>& outcomes,
                              const std::vector<Calibration>& calibrations);

}  // namespace experiments

#endif  // EXPERIMENTS_VALIDATION_OUTCOME_H_
