#ifndef ANALYSIS_DATA_LOSS_DISTANCE_H_
#define ANALYSIS_DATA_LOSS_DISTANCE_H_

#include <cstddef>
#include <optional>
#include <vector>

namespace analysis {

// How far one loss curve lies from another, over the steps that both have.
struct LossDistance {
  size_t steps = 0;  // Compared.
  // Absolute differences, where both losses are finite.
  double first = 0;
  double mean = 0;
  double largest = 0;
  size_t largest_step = 0;                // From 1.
  std::optional<size_t> unequal_step;     // The first, from 1, whose losses are not the same bits.
  std::optional<size_t> not_finite_step;  // The first, from 1, where either is not finite.
};

// Nothing if a curve has no steps.
std::optional<LossDistance> DistanceOf(const std::vector<double>& curve,
                                       const std::vector<double>& baseline);

}  // namespace analysis

#endif  // ANALYSIS_DATA_LOSS_DISTANCE_H_
