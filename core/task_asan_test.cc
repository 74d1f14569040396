// That pooled frames hide no use after free from AddressSanitizer: with --config=asan, else skipped.
#include <coroutine>

#include "core/task.h"
#include "gtest/gtest.h"

namespace core {
namespace {

struct Never {
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> waiter) { *kept = waiter; }
  void await_resume() {}

  std::coroutine_handle<>* kept;
};

Task Wait(std::coroutine_handle<>& kept) { co_await Never{&kept}; }

TEST(TaskAsanTest, ADroppedTaskIsNotResumed) {
  std::coroutine_handle<> kept;
  {
    Task task = Wait(kept);
    task.Start();
  }
  EXPECT_DEATH(kept.resume(), "use-after-poison");
}

}  // namespace
}  // namespace core
