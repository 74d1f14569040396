#include "analysis/data/loss_distance.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace analysis {

std::optional<LossDistance> DistanceOf(const std::vector<double>& curve,
                                       const std::vector<double>& baseline) {
  LossDistance distance;
  distance.steps = std::min(curve.size(), baseline.size());
  if (distance.steps == 0) return std::nullopt;
  double sum = 0;
  size_t finite = 0;
  for (size_t i = 0; i < distance.steps; ++i) {
    const double difference = std::abs(curve[i] - baseline[i]);
    if (!distance.unequal_step &&
        std::bit_cast<uint64_t>(curve[i]) != std::bit_cast<uint64_t>(baseline[i])) {
      distance.unequal_step = i + 1;
    }
    if (i == 0) distance.first = difference;
    if (!std::isfinite(difference)) {
      if (!distance.not_finite_step) distance.not_finite_step = i + 1;
      continue;
    }
    ++finite;
    sum += difference;
    if (difference > distance.largest || distance.largest_step == 0) {
      distance.largest = difference;
      distance.largest_step = i + 1;
    }
  }
  distance.mean = finite > 0 ? sum / static_cast<double>(finite) : std::nan("");
  if (finite == 0) distance.largest = std::nan("");
  return distance;
}

}  // namespace analysis
