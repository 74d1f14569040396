#ifndef CORE_BASE_STATISTICS_H_
#define CORE_BASE_STATISTICS_H_

#include <algorithm>
#include <functional>
#include <optional>
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

inline double Median(const std::vector<double>& values) { return Quantile(values, 0.5); }

// From the first quartile to the third.
inline double InterquartileRange(const std::vector<double>& values) {
  return Quantile(values, 0.75) - Quantile(values, 0.25);
}

// The mean of what `get`, a member or a function, says of those records of which it says something.
template <typename Records, typename Get>
auto MeanOf(const Records& records, const Get& get) {
  decltype(std::optional(std::invoke(get, *records.begin()))) sum;
  int count = 0;
  for (const auto& record : records) {
    const decltype(sum) value = std::invoke(get, record);
    if (!value) continue;
    if (count++ == 0) {
      sum = value;
    } else {
      *sum += *value;
    }
  }
  if (sum) *sum /= count;
  return sum;
}

}  // namespace core

#endif  // CORE_BASE_STATISTICS_H_
