#include "backends/testing/local_world.h"
#include "core/testing/collectives_conformance.h"

namespace core::testing {

INSTANTIATE_TEST_SUITE_P(Local, CollectivesConformance,
                         ::testing::Values(backends::MakeLocalWorld));

}  // namespace core::testing
