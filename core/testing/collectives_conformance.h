#ifndef CORE_TESTING_COLLECTIVES_CONFORMANCE_H_
#define CORE_TESTING_COLLECTIVES_CONFORMANCE_H_

#include "core/testing/world.h"
#include "gtest/gtest.h"

namespace core::testing {

// What collectives out of messages must do over every Communicator. A world joins by
//   INSTANTIATE_TEST_SUITE_P(Local, CollectivesConformance, ::testing::Values(MakeLocalWorld));
class CollectivesConformance : public ::testing::TestWithParam<WorldFactory> {};

}  // namespace core::testing

#endif  // CORE_TESTING_COLLECTIVES_CONFORMANCE_H_
