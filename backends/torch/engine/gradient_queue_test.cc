#include "backends/torch/engine/gradient_queue.h"

#include <stdexcept>
#include <thread>
#include <vector>

#include "core/task.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

core::Task Collect(core::Gradients& gradients, std::vector<int>& taken) {
  while (std::optional<core::Gradient> gradient = co_await gradients.Next()) {
    taken.push_back(gradient->parameter);
  }
}

TEST(GradientQueueTest, HandsOverInOrderWhileThePassGoesOn) {
  GradientQueue queue;
  for (int pass = 0; pass < 3; ++pass) {
    queue.Begin();
    std::thread producer([&] {
      for (int i = 99; i >= 0; --i) queue.Push({i});
      queue.End(nullptr);
    });
    std::vector<int> taken;
    core::RunToEnd(Collect(queue, taken));
    producer.join();
    ASSERT_EQ(taken.size(), 100);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(taken[i], 99 - i);
  }
}

TEST(GradientQueueTest, AFailedPassThrows) {
  GradientQueue queue;
  queue.Begin();
  queue.Push({7});
  queue.End(std::make_exception_ptr(std::runtime_error("out of memory")));
  std::vector<int> taken;
  EXPECT_THAT([&] { core::RunToEnd(Collect(queue, taken)); },
              testing::ThrowsMessage<std::runtime_error>("out of memory"));
}

TEST(GradientQueueTest, ThePassAfterAFailedOneStartsAfresh) {
  GradientQueue queue;
  queue.Begin();
  queue.Push({7});
  queue.End(std::make_exception_ptr(std::runtime_error("out of memory")));
  queue.Begin();
  queue.Push({3});
  queue.End(nullptr);
  std::vector<int> taken;
  core::RunToEnd(Collect(queue, taken));
  EXPECT_THAT(taken, testing::ElementsAre(3));
}

}  // namespace
}  // namespace backends
