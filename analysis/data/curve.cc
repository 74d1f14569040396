#include "analysis/data/curve.h"

#include <algorithm>
#include <cmath>

namespace analysis {

std::vector<Point> Smoothed(const std::vector<double>& values, size_t points_max) {
  // How many values one point stands for; its window is up to three times as wide.
  const size_t stride = std::max<size_t>(1, (values.size() + points_max - 1) / points_max);
  const size_t reach = stride == 1 ? 0 : stride;
  std::vector<Point> points;
  for (size_t begin = 0; begin < values.size(); begin += stride) {
    const size_t end = std::min(begin + stride, values.size());
    const size_t from = begin - std::min(begin, reach);
    const size_t to = std::min(end + reach, values.size());
    double sum = 0;
    int count = 0;
    for (size_t i = from; i < to; ++i) {
      if (!std::isfinite(values[i])) continue;
      sum += values[i];
      ++count;
    }
    const double middle = (static_cast<double>(from) + static_cast<double>(to) + 1) / 2;
    if (count > 0) points.push_back({middle, sum / count});
  }
  return points;
}

}  // namespace analysis
