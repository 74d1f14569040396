#ifndef EXPERIMENTS_VALIDATION_PREDICTION_H_
#define EXPERIMENTS_VALIDATION_PREDICTION_H_

#include <string>

#include "experiments/validation/calibration.h"
#include "experiments/validation/validation_case.h"

namespace experiments {

// What the simulator says of a case: seconds of a step once steps are alike, means over the ranks
// that train.
struct Prediction {
  double step = 0;
  double exposed = 0;
  std::string trace;  // A whole Chrome trace.
};

Prediction Predict(const ValidationCase& validation_case, const Calibration& calibration);

}  // namespace experiments

#endif  // EXPERIMENTS_VALIDATION_PREDICTION_H_
