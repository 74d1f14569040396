#include "backends/gloo/testing/gloo_world.h"
#include "core/testing/communicator_conformance.h"
#include "core/testing/strategy_conformance.h"
#include "gtest/gtest.h"

// Gloo counts the users of a buffer before it deletes it, with atomics that the thread sanitizer
// does not see because the library is not instrumented.
extern "C" const char* __tsan_default_suppressions() { return "race:gloo::transport"; }

namespace core::testing {

INSTANTIATE_TEST_SUITE_P(Gloo, CommunicatorConformance, ::testing::Values(backends::MakeGlooWorld));
INSTANTIATE_TEST_SUITE_P(Gloo, CommunicatorFailures, ::testing::Values(backends::MakeGlooWorld));
INSTANTIATE_TEST_SUITE_P(Gloo, StrategyConformance, EveryStrategyIn(backends::MakeGlooWorld),
                         StrategyName);

}  // namespace core::testing
