#include "experiments/validation/least_squares.h"

#include "gtest/gtest.h"

namespace experiments {
namespace {

// NIST's reference data set "Norris" for linear regression, certified values
// (https://www.itl.nist.gov/div898/strd/lls/data/Norris.shtml).
TEST(LeastSquaresTest, GivesNistsCertifiedValues) {
  const std::vector<Sample> norris = {
      {0.2, 0.1},     {337.4, 338.8}, {118.2, 118.1}, {884.6, 888.0}, {10.1, 9.2},
      {226.5, 228.1}, {666.3, 668.5}, {996.3, 998.5}, {448.6, 449.1}, {777.0, 778.9},
      {558.2, 559.2}, {0.4, 0.3},     {0.6, 0.1},     {775.5, 778.1}, {666.9, 668.8},
      {338.0, 339.3}, {447.5, 448.9}, {11.6, 10.8},   {556.0, 557.7}, {228.1, 228.3},
      {995.8, 998.0}, {887.6, 888.8}, {120.2, 119.6}, {0.3, 0.3},     {0.3, 0.6},
      {556.8, 557.6}, {339.1, 339.3}, {887.2, 888.0}, {999.0, 998.5}, {779.0, 778.9},
      {11.1, 10.2},   {118.3, 117.6}, {229.2, 228.9}, {669.1, 668.4}, {448.9, 449.2},
      {0.5, 0.2}};
  const Line line = FitLine(norris);
  EXPECT_NEAR(line.intercept, -0.262323073774029, 1e-11);
  EXPECT_NEAR(line.slope, 1.00211681802045, 1e-12);
  EXPECT_NEAR(line.r_squared, 0.999993745883712, 1e-12);
  // Certified standard deviations of the estimates, times t for 34 degrees of freedom.
  EXPECT_NEAR(line.intercept_interval, 2.042 * 0.232818234301152, 1e-9);
  EXPECT_NEAR(line.slope_interval, 2.042 * 0.429796848199937e-3, 1e-12);
  EXPECT_TRUE(line.explains());
}

TEST(LeastSquaresTest, SaysWhenALineExplainsBadly) {
  EXPECT_FALSE(FitLine({{1, 1}, {2, 4}, {3, 1}, {4, 4}}).explains());
}

}  // namespace
}  // namespace experiments
