#include "backends/testing/local_world.h"
#include "core/testing/communicator_conformance.h"
#include "core/testing/strategy_conformance.h"
#include "gtest/gtest.h"

namespace core::testing {

INSTANTIATE_TEST_SUITE_P(Local, CommunicatorConformance,
                         ::testing::Values(backends::MakeLocalWorld));
INSTANTIATE_TEST_SUITE_P(Local, CommunicatorFailures, ::testing::Values(backends::MakeLocalWorld));
INSTANTIATE_TEST_SUITE_P(Local, StrategyConformance, EveryStrategyIn(backends::MakeLocalWorld),
                         StrategyName);

}  // namespace core::testing
