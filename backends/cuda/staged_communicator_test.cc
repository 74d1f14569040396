#include "backends/cuda/staged_communicator.h"

#include <future>
#include <thread>

#include "backends/cuda/testing/fake_device.h"
#include "backends/testing/local_communicator.h"
#include "backends/testing/local_world.h"
#include "core/task.h"
#include "core/testing/communicator_conformance.h"
#include "core/testing/strategy_conformance.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

// Threads whose buffers all count as a device's.
std::unique_ptr<core::testing::World> MakeStagedWorld() {
  static const auto device = testing::MakeFakeDevice("gpu", /*holds_all=*/true);
  return MakeLocalWorldOf([](std::unique_ptr<core::Communicator> host) {
    return MakeStagedCommunicator(std::move(host), *device, nullptr);
  });
}

core::Task Sum(core::Communicator& communicator, core::Buffer data) {
  co_await communicator.AllReduce(data);
}

TEST(StagedCommunicatorTest, WaitsForWhatTheDeviceComputesAndMakesItWait) {
  const auto device = testing::MakeFakeDevice("gpu");
  const auto compute = device->MakeStream(/*urgent=*/false);
  ComputeOrder order(*compute);
  const std::shared_ptr<void> memory = device->Allocate(sizeof(float));
  float* value = static_cast<float*>(memory.get());
  auto host = MakeLocalCommunicators(1);
  const auto communicator = MakeStagedCommunicator(std::move(host[0]), *device, &order);
  testing::Enqueue(*compute, [value] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    *value = 3;
  });
  order.Awaited(compute->Record());
  core::RunToEnd(Sum(*communicator, {value, 1}));
  testing::Enqueue(*compute, [value] { *value *= 10; });
  compute->Record()->Wait();
  EXPECT_EQ(*value, 30);
}

core::Task Receive(core::Communicator& communicator, core::Buffer target) {
  co_await communicator.Receive(target, 1, core::SpanKind::kPush);
}

TEST(StagedCommunicatorTest, WhatIsStillToBeCopiedToTheDeviceIsNotOverwritten) {
  constexpr int kMessages = 4;
  const auto device = testing::MakeFakeDevice("gpu");
  const auto compute = device->MakeStream(/*urgent=*/false);
  ComputeOrder order(*compute);
  const std::shared_ptr<void> memory = device->Allocate(kMessages * sizeof(float));
  float* received = static_cast<float*>(memory.get());
  auto host = MakeLocalCommunicators(2);
  const auto communicator = MakeStagedCommunicator(std::move(host[0]), *device, &order);
  std::promise<void> release;
  testing::Enqueue(*compute, [until = release.get_future().share()] { until.wait(); });
  order.Awaited(compute->Record());
  for (int i = 0; i < kMessages; ++i) {
    float sent = static_cast<float>(i);
    const core::Work work = host[1]->Send({&sent, 1}, 0, core::SpanKind::kPush);
    core::RunToEnd(Receive(*communicator, {received + i, 1}));
  }
  release.set_value();
  compute->Record()->Wait();
  for (int i = 0; i < kMessages; ++i) EXPECT_EQ(received[i], i);
}

}  // namespace
}  // namespace backends

namespace core::testing {

INSTANTIATE_TEST_SUITE_P(Staged, CommunicatorConformance,
                         ::testing::Values(backends::MakeStagedWorld));
INSTANTIATE_TEST_SUITE_P(Staged, StrategyConformance, EveryStrategyIn(backends::MakeStagedWorld),
                         StrategyName);

}  // namespace core::testing
