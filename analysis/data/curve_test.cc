#include "analysis/data/curve.h"

#include <cmath>

#include "gtest/gtest.h"

namespace analysis {
namespace {

TEST(SmoothedTest, FewValuesStayAsTheyAre) {
  const auto points = Smoothed({3, 1, 2}, 3);
  ASSERT_EQ(points.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(points[i].x, i + 1);
  EXPECT_EQ(points[0].y, 3);
  EXPECT_EQ(points[1].y, 1);
  EXPECT_EQ(points[2].y, 2);
}

TEST(SmoothedTest, AStraightLineStaysOne) {
  std::vector<double> line;
  for (int i = 1; i <= 10007; ++i) line.push_back(5.0 - 0.25 * i);
  const auto points = Smoothed(line, 200);
  EXPECT_LE(points.size(), 200u);
  EXPECT_GE(points.size(), 190u);
  for (const Point& point : points) EXPECT_NEAR(point.y, 5.0 - 0.25 * point.x, 1e-9);
}

TEST(SmoothedTest, AveragesNoiseAway) {
  std::vector<double> noise;
  for (int i = 0; i < 10000; ++i) noise.push_back(i % 2 == 0 ? 1 : -1);
  for (const Point& point : Smoothed(noise, 100)) EXPECT_NEAR(point.y, 0, 0.02);
}

TEST(SmoothedTest, WhatIsNotFiniteIsLeftOut) {
  EXPECT_TRUE(Smoothed({}, 10).empty());
  EXPECT_TRUE(Smoothed({NAN, INFINITY}, 10).empty());
  const auto points = Smoothed({1, NAN, 1, NAN, 1, NAN}, 3);
  ASSERT_EQ(points.size(), 3u);
  for (const Point& point : points) EXPECT_EQ(point.y, 1);
}

}  // namespace
}  // namespace analysis
