#include "core/testing/collectives_conformance.h"

#include "backends/gloo/testing/gloo_world.h"

namespace core::testing {

INSTANTIATE_TEST_SUITE_P(Gloo, CollectivesConformance, ::testing::Values(backends::MakeGlooWorld));

}  // namespace core::testing
