#ifndef CORE_BASE_QUANTILE_H_
#define CORE_BASE_QUANTILE_H_

#include <algorithm>
#include <vector>

namespace core {

// The value below which `fraction` of the values lie, interpolated. There is at least one.
inline double Quantile(std::vector<double> values, double fraction) {
  std::sort(values.begin(), values.end());
  const double position = fraction * static_cast<double>(values.size() - 1);
  const size_t below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
}

}  // namespace core

#endif  // CORE_BASE_QUANTILE_H_
