#include "experiments/validation/calibration.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "sim/cluster/cluster_file.h"

namespace experiments {
namespace {

using Kind = Measurement::Kind;

constexpr double kBandwidth = 119e6;
constexpr double kBurst = 250e3;
constexpr double kLatency = 150e-6;
constexpr double kSendOverhead = 28e-6;
constexpr double kReceiveOverhead = 25e-6;

// What hosts of exactly these figures would measure.
Measured Ideal(const Measurement& measurement) {
  const auto bytes = static_cast<double>(measurement.bytes);
  const auto flows = [](double all) { return std::max(0.0, all - kBurst) / kBandwidth; };
  Measured measured;
  double seconds = 0;
  switch (measurement.kind) {
    case Kind::kPingPong:
      seconds = 2 * (kLatency + flows(bytes));
      measured.processor_seconds = {0.3e-9 * 2 * bytes, 0.4e-9 * 2 * bytes};
      break;
    case Kind::kStream:
      measured.processor_seconds = {kSendOverhead * static_cast<double>(measurement.messages),
                                    kReceiveOverhead * static_cast<double>(measurement.messages)};
      break;
    case Kind::kFanIn:
      seconds = kLatency + flows(3 * bytes);
      break;
    case Kind::kAccumulate:
      seconds = bytes / 10e9;
      break;
    default:
      seconds = bytes / 5e9;
  }
  measured.seconds.assign(static_cast<size_t>(measurement.count), seconds);
  return measured;
}

Calibration CalibrateOn(Measured (*host)(const Measurement&)) {
  const std::vector<Measurement> plan = CalibrationPlan(125e6);
  const std::vector<Measurement> fan_in_plan = FanInPlan(125e6);
  std::vector<Measured> measured, fan_in;
  for (const Measurement& measurement : plan) measured.push_back(host(measurement));
  for (const Measurement& measurement : fan_in_plan) fan_in.push_back(host(measurement));
  return Calibrate("1gbit", 2, plan, measured, fan_in_plan, fan_in);
}

TEST(CalibrationTest, FindsTheFiguresOfIdealHosts) {
  const Calibration calibration = CalibrateOn(Ideal);
  EXPECT_NEAR(calibration.bandwidth.value, kBandwidth, 1e-6 * kBandwidth);
  EXPECT_NEAR(calibration.fan_in.value, kBandwidth, 1e-6 * kBandwidth);
  EXPECT_NEAR(calibration.burst.value, kBurst, 1e-6 * kBurst);
  EXPECT_NEAR(calibration.latency.value, kLatency, 1e-9);
  EXPECT_NEAR(calibration.send_overhead, kSendOverhead, 1e-12);
  EXPECT_NEAR(calibration.receive_overhead, kReceiveOverhead, 1e-12);
  EXPECT_NEAR(calibration.processor_per_byte, 0.7e-9, 1e-15);
  EXPECT_NEAR(ClusterOf(calibration).shared_cores.bytes_per_second(), 2 / 0.7e-9, 1e3);
  EXPECT_NEAR(calibration.accumulate_rate.value, 10e9, 1e3);
  EXPECT_NEAR(calibration.update_rate.value, 5e9, 1e3);
  EXPECT_LT(calibration.bandwidth.interval, 1e-6 * kBandwidth);
  EXPECT_TRUE(calibration.warnings.empty());
}

TEST(CalibrationTest, ABadFitIsReported) {
  const Calibration calibration = CalibrateOn([](const Measurement& measurement) {
    Measured measured = Ideal(measurement);
    for (size_t i = 0; measurement.kind == Kind::kUpdate && i < measured.seconds.size(); ++i) {
      measured.seconds[i] *= i % 2 == 0 ? 1 : 3;
    }
    return measured;
  });
  ASSERT_EQ(calibration.warnings.size(), 1u);
  EXPECT_EQ(calibration.warnings[0].rfind("updating: the fit explains ", 0), 0u)
      << calibration.warnings[0];
}

TEST(CalibrationTest, TheSimulatorReadsWhatIsWritten) {
  const std::string path = ::testing::TempDir() + "/cluster.json";
  const Calibration calibration = CalibrateOn(Ideal);
  ASSERT_TRUE(WriteCluster(calibration, path).ok());
  const sim::Cluster read = sim::ReadCluster(path);
  const sim::Cluster written = ClusterOf(calibration);
  EXPECT_NEAR(read.nic.bytes_per_second, written.nic.bytes_per_second, 1);
  EXPECT_NEAR(read.nic.burst, written.nic.burst, 1);
  EXPECT_NEAR(read.nic.latency, (kLatency - kSendOverhead - kReceiveOverhead) / 2, 1e-9);
  EXPECT_NEAR(read.send_overhead, kSendOverhead, 1e-12);
  EXPECT_NEAR(read.accumulate_bytes_per_second, 10e9, 1e3);
}

}  // namespace
}  // namespace experiments
