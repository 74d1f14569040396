#ifndef EXPERIMENTS_VALIDATION_LEAST_SQUARES_H_
#define EXPERIMENTS_VALIDATION_LEAST_SQUARES_H_

#include <vector>

namespace experiments {

struct Sample {
  double x = 0;
  double y = 0;
};

// A line fitted to samples, with the half-widths of its 95 % confidence intervals.
struct Line {
  double intercept = 0;
  double slope = 0;
  double intercept_interval = 0;
  double slope_interval = 0;
  double r_squared = 0;  // The share of the samples' variance that the line explains.

  // A line that leaves more than 1 % of the variance unexplained is no model of the samples.
  bool explains() const { return r_squared >= 0.99; }
};

// Ordinary least squares over at least three samples that do not all have the same x (Draper,
// Smith: Applied Regression Analysis, 1998; intervals by Student's t).
Line FitLine(const std::vector<Sample>& samples);

}  // namespace experiments

#endif  // EXPERIMENTS_VALIDATION_LEAST_SQUARES_H_
