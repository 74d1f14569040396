#ifndef CORE_TESTING_DIRECT_EXCHANGE_CONFORMANCE_H_
#define CORE_TESTING_DIRECT_EXCHANGE_CONFORMANCE_H_

#include <cstdint>
#include <vector>

#include "core/span.h"
#include "core/testing/world.h"
#include "gtest/gtest.h"

namespace core::testing {

// What collectives by direct exchange must do besides CommunicatorConformance: sum in the order of
// ranks, to the bit. A world whose communicator does them so joins by
//   INSTANTIATE_TEST_SUITE_P(Gloo, DirectExchangeConformance, ::testing::Values(MakeGlooWorld));
class DirectExchangeConformance : public ::testing::TestWithParam<WorldFactory> {};

// A message of a direct exchange, as a rank starts it.
struct ExchangedMessage {
  enum class Hop { kOpening, kScatter, kGather };

  bool sends = false;
  Hop hop = Hop::kOpening;
  int peer = 0;
  int64_t bytes = 0;

  bool operator==(const ExchangedMessage&) const = default;
};
std::ostream& operator<<(std::ostream& out, const ExchangedMessage& message);

// A collective on floats; a broadcast is from the last rank.
struct ExchangeCase {
  SpanKind kind = SpanKind::kAllReduce;
  int64_t count = 0;
  int size = 1;

  int root() const { return kind == SpanKind::kBroadcast ? size - 1 : -1; }
};
std::ostream& operator<<(std::ostream& out, const ExchangeCase& test);

// For 2 to 8 ranks: every kind, with no elements, few, as many as go in one hop and one more, odd
// numbers, a segment and one element more, and many segments.
std::vector<ExchangeCase> ExchangeCases();

// The messages of one rank, in the order in which it starts them, written down by hand.
std::vector<ExchangedMessage> ExpectedMessages(const ExchangeCase& test, int rank);

}  // namespace core::testing

#endif  // CORE_TESTING_DIRECT_EXCHANGE_CONFORMANCE_H_
