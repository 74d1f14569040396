#include "sim/cluster/units.h"

#include <random>
#include <string>

#include "core/testing/damage.h"
#include "gtest/gtest.h"

namespace sim {
namespace {

TEST(UnitsTest, BitsAndBytesPerSecond) {
  EXPECT_EQ(*ParseBandwidth("8bps"), 1);
  EXPECT_EQ(*ParseBandwidth("25Gbps"), 3.125e9);
  EXPECT_EQ(*ParseBandwidth("25 Gbps"), 3.125e9);
  EXPECT_EQ(*ParseBandwidth("0.1Tbps"), 12.5e9);
  EXPECT_EQ(*ParseBandwidth("3GB/s"), 3e9);
  EXPECT_EQ(*ParseBandwidth("1GiB/s"), 1073741824.0);
  EXPECT_EQ(*ParseBandwidth("1e3Mbps"), 1.25e8);
}

TEST(UnitsTest, Durations) {
  EXPECT_DOUBLE_EQ(*ParseDuration("50us"), 50e-6);
  EXPECT_DOUBLE_EQ(*ParseDuration("50µs"), 50e-6);
  EXPECT_DOUBLE_EQ(*ParseDuration("1.5ms"), 1.5e-3);
  EXPECT_EQ(*ParseDuration("0s"), 0);
}

TEST(UnitsTest, Sizes) {
  EXPECT_EQ(*ParseSize("100MB"), 1e8);
  EXPECT_EQ(*ParseSize("8KiB"), 8192);
  EXPECT_EQ(*ParseSize("0B"), 0);
}

TEST(UnitsTest, WhatCouldMeanTwoThingsIsRefused) {
  for (const std::string text : {"25", "25G", "25Gb", "25gbps", "25GBps", "25Gbit", "", "Gbps",
                                 "-1Gbps", "nanGbps", "infGbps", "0Gbps", "25GbpsX", "1e999Gbps"}) {
    EXPECT_FALSE(ParseBandwidth(text).ok()) << text;
  }
  for (const std::string text : {"50", "50u", "50m", "50US", "-1s", "1min", "1e"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
  for (const std::string text : {"100", "100M", "100mb", "100Mb", "100MBytes", "-1B"}) {
    EXPECT_FALSE(ParseSize(text).ok()) << text;
  }
  EXPECT_EQ(ParseBandwidth("25Gb").status().message(),
            "'25Gb' has no unit that means one thing only: write 25Gbps (bits) or 3.125GB/s "
            "(bytes)");
  EXPECT_EQ(ParseDuration("50").status().message(), "'50' has no unit: write 50us, 1.5ms or 2s");
}

TEST(UnitsTest, WhatNobodyCanMeanIsRefused) {
  EXPECT_EQ(ParseBandwidth("1e308TB/s").status().message(),
            "'1e308TB/s' is too large to be meant: write 25Gbps (bits) or 3.125GB/s (bytes)");
  EXPECT_FALSE(ParseBandwidth("1e-300bps").ok());
  EXPECT_FALSE(ParseDuration("1e308s").ok());
  EXPECT_FALSE(ParseSize("1e308GiB").ok());
  EXPECT_FALSE(ParseSize("9007199254740994B").ok());
}

TEST(UnitsTest, DamagedTextIsAFigureWithinBoundsOrRefused) {
  std::mt19937 random(1);
  for (const std::string good : {"25Gbps", "1.5e3GiB/s", "50us", "800ns", "100MB", "8 KiB"}) {
    for (int round = 0; round < 3000; ++round) {
      const std::string text = core::Damaged(good, random);
      EXPECT_TRUE(ParseBandwidth(text).value_or(1) > 0 && ParseBandwidth(text).value_or(1) <= 1e18);
      EXPECT_TRUE(ParseDuration(text).value_or(0) >= 0 && ParseDuration(text).value_or(0) <= 1e9);
      EXPECT_TRUE(ParseSize(text).value_or(0) >= 0 && ParseSize(text).value_or(0) <= 0x1p53);
    }
  }
}

}  // namespace
}  // namespace sim
