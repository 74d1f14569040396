#include "backends/torch/engine/gradient_queue.h"

#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "backends/cuda/testing/fake_device.h"
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
              ::testing::ThrowsMessage<std::runtime_error>("out of memory"));
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
  EXPECT_THAT(taken, ::testing::ElementsAre(3));
}

// What an operation that starts after each gradient, and after the pass, comes after.
core::Task CollectAwaited(core::Gradients& gradients, ComputeOrder& order,
                          std::vector<std::shared_ptr<DeviceEvent>>& awaited) {
  while (std::optional<core::Gradient> gradient = co_await gradients.Next()) {
    awaited.push_back(order.awaited());
  }
  awaited.push_back(order.awaited());
}

TEST(GradientQueueTest, OnADeviceWhatStartsComesAfterTheGradientsTakenAndNothingElse) {
  const auto device = testing::MakeFakeDevice("gpu");
  const auto compute = device->MakeStream(/*urgent=*/false);
  ComputeOrder order(*compute);
  GradientQueue queue(&order);
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();

  // The device has come to the first gradient; the host has launched everything.
  queue.Begin();
  queue.Push({1}, compute->Record());
  testing::Enqueue(*compute, [released] { released.wait(); });
  queue.Push({0}, compute->Record());
  queue.End(nullptr, compute->Record());
  std::vector<std::shared_ptr<DeviceEvent>> awaited;
  core::RunToEnd(CollectAwaited(queue, order, awaited));

  ASSERT_EQ(awaited.size(), 3u);
  awaited[0]->Wait();
  EXPECT_FALSE(awaited[1]->Passed());
  EXPECT_FALSE(awaited[2]->Passed());
  release.set_value();
  awaited[2]->Wait();
  EXPECT_TRUE(awaited[1]->Passed());
}

}  // namespace
}  // namespace backends
