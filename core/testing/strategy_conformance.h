#ifndef CORE_TESTING_STRATEGY_CONFORMANCE_H_
#define CORE_TESTING_STRATEGY_CONFORMANCE_H_

#include <span>
#include <string>
#include <tuple>

#include "core/strategies/strategies.h"
#include "core/testing/world.h"
#include "gtest/gtest.h"

namespace core::testing {

// A strategy with options, where these make it another one.
struct StrategyVariant {
  StrategyEntry strategy;
  StrategyOptions options;
};
using StrategyInWorld = std::tuple<StrategyVariant, WorldFactory>;

// What every strategy must do in every world. A world joins by
//   INSTANTIATE_TEST_SUITE_P(Local, StrategyConformance, EveryStrategyIn(MakeLocalWorld),
//                            StrategyName);
class StrategyConformance : public ::testing::TestWithParam<StrategyInWorld> {};

// Those of the table, or others, each as the flags that it takes can make it.
::testing::internal::ParamGenerator<StrategyInWorld> EveryStrategyIn(
    WorldFactory factory, std::span<const StrategyEntry> strategies = Strategies());

std::string StrategyName(const ::testing::TestParamInfo<StrategyInWorld>& info);

}  // namespace core::testing

#endif  // CORE_TESTING_STRATEGY_CONFORMANCE_H_
