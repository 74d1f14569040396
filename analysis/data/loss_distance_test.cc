#include "analysis/data/loss_distance.h"

#include <cmath>

#include "gtest/gtest.h"

namespace analysis {
namespace {

TEST(LossDistanceTest, TheSameCurveIsBitEqual) {
  const auto distance = DistanceOf({2.5, 1.25}, {2.5, 1.25});
  ASSERT_TRUE(distance.has_value());
  EXPECT_EQ(distance->steps, 2u);
  EXPECT_EQ(distance->first, 0);
  EXPECT_EQ(distance->mean, 0);
  EXPECT_EQ(distance->largest, 0);
  EXPECT_FALSE(distance->unequal_step.has_value());
  EXPECT_FALSE(distance->not_finite_step.has_value());
}

TEST(LossDistanceTest, FindsMeanAndLargestOverTheStepsOfBoth) {
  const auto distance = DistanceOf({2, 1.5, 1, 9}, {2, 1.25, 1.5});
  ASSERT_TRUE(distance.has_value());
  EXPECT_EQ(distance->steps, 3u);
  EXPECT_EQ(distance->first, 0);
  EXPECT_EQ(distance->mean, 0.25);
  EXPECT_EQ(distance->largest, 0.5);
  EXPECT_EQ(distance->largest_step, 3u);
  EXPECT_EQ(distance->unequal_step, 2u);
}

TEST(LossDistanceTest, TheLastBitCounts) {
  EXPECT_EQ(DistanceOf({1.0}, {std::nextafter(1.0, 2.0)})->unequal_step, 1u);
}

TEST(LossDistanceTest, WhatIsNotFiniteIsNamedAndLeftOut) {
  const auto distance = DistanceOf({2, NAN, 1}, {1, 1, 1});
  EXPECT_EQ(distance->not_finite_step, 2u);
  EXPECT_EQ(distance->mean, 0.5);
  EXPECT_EQ(distance->largest, 1);
  EXPECT_TRUE(std::isnan(DistanceOf({NAN}, {1})->largest));
}

TEST(LossDistanceTest, NothingToCompareIsNothing) {
  EXPECT_FALSE(DistanceOf({}, {1}).has_value());
  EXPECT_FALSE(DistanceOf({1}, {}).has_value());
}

}  // namespace
}  // namespace analysis
