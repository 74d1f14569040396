#include "experiments/validation/least_squares.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "Eigen/Dense"

namespace experiments {
namespace {

// The 0.975 quantile of Student's t (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2);
// beyond 30 degrees of freedom at most 2.5 % above the normal distribution's.
double StudentsT(int degrees) {
  constexpr std::array<double, 30> kQuantiles = {
      12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
      2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
      2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  return degrees > 30 ? 2.042 : kQuantiles[static_cast<size_t>(std::max(degrees, 1) - 1)];
}

}  // namespace

Line FitLine(const std::vector<Sample>& samples) {
  const auto count = static_cast<Eigen::Index>(samples.size());
  // In units of the largest x, so that both columns have the same size.
  double unit = 0;
  for (const Sample& sample : samples) unit = std::max(unit, std::abs(sample.x));
  Eigen::MatrixX2d matrix(count, 2);
  Eigen::VectorXd values(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const Sample& sample = samples[static_cast<size_t>(i)];
    matrix.row(i) << 1, sample.x / unit;
    values(i) = sample.y;
  }
  const Eigen::Vector2d fitted = matrix.colPivHouseholderQr().solve(values);
  const double residual = (values - matrix * fitted).squaredNorm();
  const double total = (values.array() - values.mean()).matrix().squaredNorm();
  const int degrees = static_cast<int>(count) - 2;
  const Eigen::Matrix2d covariance =
      (matrix.transpose() * matrix).inverse() * residual / std::max(degrees, 1);
  const double t = StudentsT(degrees);
  return {.intercept = fitted(0),
          .slope = fitted(1) / unit,
          .intercept_interval = t * std::sqrt(covariance(0, 0)),
          .slope_interval = t * std::sqrt(covariance(1, 1)) / unit,
          .r_squared = total > 0 ? 1 - residual / total : 1};
}

}  // namespace experiments
