#ifndef ANALYSIS_DATA_CURVE_H_
#define ANALYSIS_DATA_CURVE_H_

#include <cstddef>
#include <vector>

namespace analysis {

struct Point {
  double x = 0;
  double y = 0;
};

// `values` (the i-th at x = i + 1) in at most `points_max` points: each the mean of its neighbours,
// as many as one point stands for, on either side. Values that are not finite are left out of the
// means, and a point without any finite value is left out. Few values stay as they are.
std::vector<Point> Smoothed(const std::vector<double>& values, size_t points_max);

}  // namespace analysis

#endif  // ANALYSIS_DATA_CURVE_H_
