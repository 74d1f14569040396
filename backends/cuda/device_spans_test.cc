#include "backends/cuda/device_spans.h"

#include <chrono>
#include <thread>

#include "backends/cuda/testing/fake_device.h"
#include "backends/steady_clock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

using core::Breakdown;
using core::SpanKind;

void Sleep(DeviceStream& stream, int milliseconds) {
  testing::Enqueue(stream, [milliseconds] {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  });
}

// The host tells all steps before the device has done the first; what comes out is the device's.
TEST(DeviceSpansTest, StepsAndSpansAreTheDevices) {
  const SteadyClock clock;
  const auto device = testing::MakeFakeDevice("gpu");
  const auto compute = device->MakeStream(/*urgent=*/false);
  DeviceSpans spans(*compute, clock);
  core::Timeline timeline(clock, /*tracing=*/true);
  timeline.Defer(&spans);
  timeline.BeginSteps();
  for (int step = 0; step < 3; ++step) {
    const auto start = compute->Record();
    Sleep(*compute, 30);
    const auto middle = compute->Record();
    Sleep(*compute, 20);
    const auto end = compute->Record();
    spans.Record(SpanKind::kBackward, start, middle, 0);
    spans.Record(SpanKind::kAllReduce, start, end, 8);
    timeline.EndStep();
  }
  timeline.EndSteps();
  const core::Duration now = timeline.Now();

  const std::vector<Breakdown> steps = timeline.TakeSteps();
  ASSERT_EQ(steps.size(), 3u);
  core::Duration total{};
  for (const Breakdown& step : steps) {
    EXPECT_GE(step.computation.count(), 0.03);
    EXPECT_GE(step.exposed.count(), 0.02);
    EXPECT_GE(step.total, step.communication);
    EXPECT_EQ(step.bytes, 8);
    total += step.total;
  }
  EXPECT_GE(total.count(), 0.15);
  ASSERT_EQ(timeline.trace().size(), 6u);
  EXPECT_EQ(timeline.trace()[2].step, 1);
  EXPECT_GE(timeline.trace()[2].span.start, timeline.trace()[1].span.end);
  // Both clocks show the same time.
  EXPECT_LE(timeline.trace()[5].span.end, now + core::Duration(1e-3));
  EXPECT_GE(timeline.trace()[0].span.start.count(), 0);
}

TEST(DeviceSpansTest, WhatComesBetweenIntervalsBelongsToNoStep) {
  const SteadyClock clock;
  const auto device = testing::MakeFakeDevice("gpu");
  const auto compute = device->MakeStream(/*urgent=*/false);
  DeviceSpans spans(*compute, clock);
  core::Timeline timeline(clock, /*tracing=*/true);
  timeline.Defer(&spans);
  const auto start = compute->Record();
  spans.Record(SpanKind::kBroadcast, start, compute->Record(), 4);
  timeline.BeginSteps();
  timeline.EndStep();
  EXPECT_EQ(timeline.TakeSteps().at(0).communication.count(), 0);
  ASSERT_EQ(timeline.trace().size(), 1u);
  EXPECT_EQ(timeline.trace()[0].step, -1);
}

}  // namespace
}  // namespace backends
