#include "backends/gloo/gloo_world.h"
#include "core/testing/communicator_conformance.h"
#include "core/testing/strategy_conformance.h"
#include "gtest/gtest.h"

namespace core::testing {

INSTANTIATE_TEST_SUITE_P(Gloo, CommunicatorConformance, ::testing::Values(backends::MakeGlooWorld));
INSTANTIATE_TEST_SUITE_P(Gloo, CommunicatorFailures, ::testing::Values(backends::MakeGlooWorld));
INSTANTIATE_TEST_SUITE_P(Gloo, StrategyConformance, EveryStrategyIn(backends::MakeGlooWorld),
                         StrategyName);

}  // namespace core::testing
