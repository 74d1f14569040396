#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/testing/communicator_conformance.h"
#include "gmock/gmock.h"

namespace core::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr SpanKind kMessage = SpanKind::kPull;
constexpr auto kNoticed = std::chrono::seconds(10);

Buffer View(std::vector<float>& values) {
  return {values.data(), static_cast<int64_t>(values.size()), DataType::kFloat32};
}

// The message of a core::Error; anything else is a failure of the test.
std::string MessageOf(const std::exception_ptr& error) {
  if (!error) return "nothing thrown";
  try {
    std::rethrow_exception(error);
  } catch (const Error& failure) {
    return failure.what();
  } catch (const std::exception& other) {
    return std::string("not a core::Error: ") + other.what();
  }
}

// Runs, and checks that it took no longer than a failure may.
std::vector<std::exception_ptr> RunToFailure(const WorldFactory& factory, int size,
                                             const World::Body& body) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::exception_ptr> errors = factory()->Run(size, body);
  EXPECT_LT(std::chrono::steady_clock::now() - start, kNoticed);
  return errors;
}

Task AllReduceOwnCount(Communicator& communicator, std::vector<int64_t> counts) {
  std::vector<float> data(counts[communicator.rank()]);
  co_await communicator.AllReduce(View(data));
}

TEST_P(CommunicatorFailures, CollectivesOfDifferentSizesAreReportedWithBothSizes) {
  for (const std::vector<int64_t>& counts :
       std::vector<std::vector<int64_t>>{{5, 7, 5}, {0, 1, 0}, {500000, 250000, 500000}}) {
    const auto errors = RunToFailure(GetParam(), 3, [&](Communicator& communicator) {
      return AllReduceOwnCount(communicator, counts);
    });
    for (const std::exception_ptr& error : errors) {
      EXPECT_THAT(MessageOf(error),
                  AllOf(HasSubstr("all-reduce"), HasSubstr(std::to_string(counts[0] * 4)),
                        HasSubstr(std::to_string(counts[1] * 4)), HasSubstr("rank 1")));
    }
  }
}

Task CallDifferentCollectives(Communicator& communicator) {
  std::vector<float> data(6);
  if (communicator.rank() == 0) {
    co_await communicator.AllReduce(View(data));
  } else {
    co_await communicator.Broadcast(View(data), 1);
  }
}

TEST_P(CommunicatorFailures, DifferentCollectivesAreReportedWithBothNames) {
  for (const std::exception_ptr& error : RunToFailure(GetParam(), 2, CallDifferentCollectives)) {
    EXPECT_THAT(MessageOf(error), AllOf(HasSubstr("all-reduce"), HasSubstr("broadcast")));
  }
}

Task SendOwnCount(Communicator& communicator, std::vector<int64_t> counts) {
  std::vector<float> data(counts[communicator.rank()]);
  if (communicator.rank() == 0) {
    co_await communicator.Send(View(data), 1, kMessage);
  } else {
    co_await communicator.Receive(View(data), 0, kMessage);
  }
}

TEST_P(CommunicatorFailures, MessagesOfDifferentSizesAreReportedWithBothSizes) {
  for (const std::vector<int64_t>& counts : std::vector<std::vector<int64_t>>{
           {5, 7}, {7, 5}, {0, 3}, {1000000, 3}, {3, 1000000}, {1000000, 1000001}}) {
    const auto errors = RunToFailure(GetParam(), 2, [&](Communicator& communicator) {
      return SendOwnCount(communicator, counts);
    });
    EXPECT_THAT(MessageOf(errors[1]), AllOf(HasSubstr("rank 0"), HasSubstr("pull"),
                                            HasSubstr(std::to_string(counts[0] * 4) + " bytes"),
                                            HasSubstr(std::to_string(counts[1] * 4))));
  }
}

Task AllReduceUntilOneThrows(Communicator& communicator, int64_t count) {
  std::vector<float> data(count);
  for (int step = 0;; ++step) {
    if (communicator.rank() == 2 && step == 3) throw std::runtime_error("out of data");
    co_await communicator.AllReduce(View(data));
  }
}

TEST_P(CommunicatorFailures, ARankThatThrowsIsNamedByAllOthers) {
  for (int64_t count : {10, 1000000}) {
    const auto errors = RunToFailure(GetParam(), 4, [&](Communicator& communicator) {
      return AllReduceUntilOneThrows(communicator, count);
    });
    for (int rank : {0, 1, 3}) {
      EXPECT_THAT(MessageOf(errors[rank]), AllOf(HasSubstr("all-reduce"), HasSubstr("rank 2")));
    }
  }
}

// Rank 0 waits for rank 1, which waits for rank 2, which leaves.
Task WaitInAChain(Communicator& communicator, int64_t count) {
  std::vector<float> data(count);
  if (communicator.rank() == 0) co_await communicator.Receive(View(data), 1, kMessage);
  if (communicator.rank() == 1) {
    co_await communicator.Receive(View(data), 2, kMessage);
    co_await communicator.Send(View(data), 0, kMessage);
  }
}

TEST_P(CommunicatorFailures, TheRankThatLeftFirstIsNamedEvenByThoseThatWaitForAnother) {
  for (int64_t count : {1, 1000000}) {
    const auto errors = RunToFailure(GetParam(), 3, [&](Communicator& communicator) {
      return WaitInAChain(communicator, count);
    });
    EXPECT_THAT(MessageOf(errors[0]), AllOf(HasSubstr("pull"), HasSubstr("rank 2")));
    EXPECT_THAT(MessageOf(errors[1]), AllOf(HasSubstr("pull"), HasSubstr("rank 2")));
    EXPECT_EQ(MessageOf(errors[2]), "nothing thrown");
  }
}

Task LeaveAfterTheFirstSum(Communicator& communicator) {
  std::vector<float> data(1000, 1.0f);
  co_await communicator.AllReduce(View(data));
  EXPECT_EQ(data[0], 4);
  const int rank = communicator.rank();
  if (rank < 2) co_return;
  std::vector<float> target(1000);
  for (int step = 0; step < 100; ++step) {
    co_await communicator.Exchange(View(data), 5 - rank, View(target), 5 - rank, kMessage);
  }
}

TEST_P(CommunicatorFailures, ARankThatNobodyNeedsAnyMoreMayLeave) {
  for (const std::exception_ptr& error : GetParam()()->Run(4, LeaveAfterTheFirstSum)) {
    EXPECT_EQ(MessageOf(error), "nothing thrown");
  }
}

}  // namespace

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CommunicatorFailures);

}  // namespace core::testing
