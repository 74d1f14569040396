#ifndef CORE_TESTING_COMMUNICATOR_CONFORMANCE_H_
#define CORE_TESTING_COMMUNICATOR_CONFORMANCE_H_

#include "core/testing/world.h"
#include "gtest/gtest.h"

namespace core::testing {

// What every Communicator must do. A world joins by
//   INSTANTIATE_TEST_SUITE_P(Local, CommunicatorConformance, ::testing::Values(MakeLocalWorld));
class CommunicatorConformance : public ::testing::TestWithParam<WorldFactory> {};

// What it must do where ranks can fail: a world without failures does not join.
class CommunicatorFailures : public ::testing::TestWithParam<WorldFactory> {};

}  // namespace core::testing

#endif  // CORE_TESTING_COMMUNICATOR_CONFORMANCE_H_
