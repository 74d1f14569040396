#include "core/task.h"

#include <stdexcept>
#include <vector>

#include "core/work.h"
#include "gtest/gtest.h"

namespace core {
namespace {

Task Nothing() { co_return; }

Task ManyNothings(int count) {
  for (int i = 0; i < count; ++i) co_await Nothing();
}

TEST(Task, RunsMillionsOfChildrenThatEndAtOnceOnOneStack) { RunToEnd(ManyNothings(3'000'000)); }

class Failure : public Operation {
  bool Await(std::coroutine_handle<>) override { throw std::runtime_error("link down"); }
};

Task AwaitFailure() { co_await Work(std::make_shared<Failure>()); }
Task AwaitChild(bool& went_on) {
  co_await AwaitFailure();
  went_on = true;
}

TEST(Task, ThrowsAFailedOperationThroughAllItsAwaiters) {
  bool went_on = false;
  EXPECT_THROW(RunToEnd(AwaitChild(went_on)), std::runtime_error);
  EXPECT_FALSE(went_on);
}

// As a simulator does: keeps the waiter and resumes it later.
class Kept : public Operation {
 public:
  explicit Kept(std::vector<std::coroutine_handle<>>& waiters) : waiters_(waiters) {}
  bool Await(std::coroutine_handle<> waiter) override {
    waiters_.push_back(waiter);
    return true;
  }

 private:
  std::vector<std::coroutine_handle<>>& waiters_;
};

Task AwaitTwice(std::vector<std::coroutine_handle<>>& waiters, int& passed) {
  co_await Work(std::make_shared<Kept>(waiters));
  ++passed;
  co_await Work(std::make_shared<Kept>(waiters));
  ++passed;
}
Task AwaitAwaitTwice(std::vector<std::coroutine_handle<>>& waiters, int& passed) {
  co_await AwaitTwice(waiters, passed);
  ++passed;
}

TEST(Task, GoesOnWhereItWasSuspendedAndThenInItsAwaiter) {
  std::vector<std::coroutine_handle<>> waiters;
  int passed = 0;
  Task task = AwaitAwaitTwice(waiters, passed);
  task.Start();
  EXPECT_EQ(passed, 0);
  waiters.at(0).resume();
  EXPECT_EQ(passed, 1);
  EXPECT_FALSE(task.done());
  waiters.at(1).resume();
  EXPECT_EQ(passed, 3);
  EXPECT_TRUE(task.done());
  task.Rethrow();
}

TEST(Task, ThatIsSuspendedForEverIsAnErrorOnARealBackend) {
  std::vector<std::coroutine_handle<>> waiters;
  int passed = 0;
  EXPECT_THROW(RunToEnd(AwaitTwice(waiters, passed)), std::logic_error);
}

}  // namespace
}  // namespace core
