#ifndef CORE_TESTING_STRATEGY_CONFORMANCE_H_
#define CORE_TESTING_STRATEGY_CONFORMANCE_H_

#include <string>
#include <tuple>

#include "core/testing/world.h"
#include "gtest/gtest.h"

namespace core::testing {

// What every strategy must do in every world: name of the strategy, factory of the world. A world
// joins by
//   INSTANTIATE_TEST_SUITE_P(Local, StrategyConformance, EveryStrategyIn(MakeLocalWorld),
//                            StrategyName);
class StrategyConformance : public ::testing::TestWithParam<std::tuple<std::string, WorldFactory>> {
};

::testing::internal::ParamGenerator<std::tuple<std::string, WorldFactory>> EveryStrategyIn(
    WorldFactory factory);

std::string StrategyName(
    const ::testing::TestParamInfo<std::tuple<std::string, WorldFactory>>& info);

}  // namespace core::testing

#endif  // CORE_TESTING_STRATEGY_CONFORMANCE_H_
