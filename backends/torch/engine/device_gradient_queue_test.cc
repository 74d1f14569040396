#include "backends/torch/engine/device_gradient_queue.h"

#include <future>
#include <stdexcept>

#include "backends/cuda/testing/fake_device.h"
#include "core/task.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

// What an operation that starts after each gradient, and after the pass, comes after.
core::Task Take(core::Gradients& gradients, ComputeOrder& order,
                std::vector<std::shared_ptr<DeviceEvent>>& awaited) {
  while (std::optional<core::Gradient> gradient = co_await gradients.Next()) {
    awaited.push_back(order.awaited());
  }
  awaited.push_back(order.awaited());
}

TEST(EventQueueTest, WhatStartsComesAfterTheGradientsTakenAndNothingElse) {
  const auto device = testing::MakeFakeDevice("gpu");
  const auto compute = device->MakeStream(/*urgent=*/false);
  ComputeOrder order(*compute);
  EventQueue queue(order);
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();

  // The device has come to the first gradient; the host has told it everything.
  queue.Begin();
  queue.Push({1}, compute->Record());
  testing::Enqueue(*compute, [released] { released.wait(); });
  queue.Push({0}, compute->Record());
  queue.End(compute->Record(), nullptr);
  std::vector<std::shared_ptr<DeviceEvent>> awaited;
  core::RunToEnd(Take(queue, order, awaited));

  ASSERT_EQ(awaited.size(), 3u);
  awaited[0]->Wait();
  EXPECT_FALSE(awaited[1]->Passed());
  EXPECT_FALSE(awaited[2]->Passed());
  release.set_value();
  awaited[2]->Wait();
  EXPECT_TRUE(awaited[1]->Passed());
}

TEST(EventQueueTest, WhatBrokeThePassComesOutOfIt) {
  const auto device = testing::MakeFakeDevice("gpu");
  const auto compute = device->MakeStream(/*urgent=*/false);
  ComputeOrder order(*compute);
  EventQueue queue(order);
  std::vector<std::shared_ptr<DeviceEvent>> awaited;
  queue.Begin();
  queue.End(nullptr, std::make_exception_ptr(std::runtime_error("no batch")));
  EXPECT_THAT([&] { core::RunToEnd(Take(queue, order, awaited)); },
              ::testing::ThrowsMessage<std::runtime_error>("no batch"));
}

}  // namespace
}  // namespace backends
