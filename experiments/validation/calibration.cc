#include "experiments/validation/calibration.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "core/base/statistics.h"

namespace experiments {
namespace {

using Kind = Measurement::Kind;

constexpr int64_t kStreamed = 200;  // Messages of a stream.
// A message above it is surely larger than a burst.
constexpr int64_t kLarge = 1 << 19;

// All repetitions of one kind as samples of seconds by bytes, each times `share`.
std::vector<Sample> SamplesOf(Kind kind, const std::vector<Measurement>& plan,
                              const std::vector<Measured>& measured, double share) {
  std::vector<Sample> samples;
  for (size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].kind != kind) continue;
    for (double seconds : measured[i].seconds) {
      samples.push_back({static_cast<double>(plan[i].bytes), seconds * share});
    }
  }
  return samples;
}

// Bytes per second out of seconds per byte.
Estimate RateOf(const Line& line) {
  return {1 / line.slope, line.slope_interval / (line.slope * line.slope)};
}

void CheckFit(const Line& line, const std::string& what, Calibration& calibration) {
  if (line.explains()) return;
  calibration.warnings.push_back(absl::StrFormat(
      "%s: the fit explains %.1f %% of the variance only", what, 100 * line.r_squared));
}

void FitMessages(const std::vector<Measurement>& plan, const std::vector<Measured>& measured,
                 Calibration& calibration) {
  std::vector<Sample> large;
  std::vector<double> small;
  for (const Sample& sample : SamplesOf(Kind::kPingPong, plan, measured, 0.5)) {
    if (sample.x >= kLarge)
      large.push_back(sample);
    else
      small.push_back(sample.y);
  }
  const Line line = FitLine(large);
  CheckFit(line, absl::StrCat("messages at ", calibration.rate), calibration);
  calibration.bandwidth = RateOf(line);
  calibration.latency = {core::Median(small), core::InterquartileRange(small) / 2};
  // What a large message takes less than at its bandwidth went at once.
  const double saved = calibration.latency.value - line.intercept;
  calibration.burst = {std::max(0.0, saved * calibration.bandwidth.value),
                       line.intercept_interval * calibration.bandwidth.value};
}

void FitProcessor(const std::vector<Measurement>& plan, const std::vector<Measured>& measured,
                  Calibration& calibration) {
  std::vector<Sample> bytes;
  for (size_t i = 0; i < plan.size(); ++i) {
    double sum = 0;
    for (double seconds : measured[i].processor_seconds) sum += seconds;
    if (plan[i].kind == Kind::kPingPong) bytes.push_back({2.0 * plan[i].bytes, sum});
    if (plan[i].kind != Kind::kStream) continue;
    calibration.send_overhead = measured[i].processor_seconds[0] / kStreamed;
    calibration.receive_overhead = measured[i].processor_seconds[1] / kStreamed;
  }
  calibration.processor_per_byte = std::max(0.0, FitLine(bytes).slope);
}

}  // namespace

std::vector<Measurement> CalibrationPlan(double bytes_per_second) {
  // The largest message takes a tenth of a second or more.
  const auto largest = std::max<int64_t>(4 << 20, static_cast<int64_t>(bytes_per_second / 10));
  std::vector<Measurement> plan;
  for (int64_t bytes : {int64_t{4}, int64_t{1024}, int64_t{16384}}) {
    plan.push_back({.kind = Kind::kPingPong, .bytes = bytes, .count = 40});
  }
  for (int64_t bytes : {largest / 4, largest / 2, largest * 3 / 4, largest}) {
    plan.push_back({.kind = Kind::kPingPong, .bytes = bytes / 4 * 4, .count = 5});
  }
  plan.push_back({.kind = Kind::kStream, .bytes = 1024, .count = 10, .messages = kStreamed});
  for (Kind kind : {Kind::kAccumulate, Kind::kUpdate}) {
    for (int64_t bytes : {1 << 20, 2 << 20, 4 << 20, 6 << 20}) {
      plan.push_back({.kind = kind, .bytes = bytes, .count = 10});
    }
  }
  return plan;
}

std::vector<Measurement> FanInPlan(double bytes_per_second) {
  std::vector<Measurement> plan;
  const auto largest = std::max<int64_t>(2 << 20, static_cast<int64_t>(bytes_per_second / 20));
  for (int64_t bytes : {largest / 2, largest * 3 / 4, largest}) {
    plan.push_back({.kind = Kind::kFanIn, .bytes = bytes / 4 * 4, .count = 5});
  }
  return plan;
}

Calibration Calibrate(const std::string& rate, int cores, const std::vector<Measurement>& plan,
                      const std::vector<Measured>& measured,
                      const std::vector<Measurement>& fan_in_plan,
                      const std::vector<Measured>& fan_in) {
  Calibration calibration{.rate = rate, .cores = cores};
  FitMessages(plan, measured, calibration);
  FitProcessor(plan, measured, calibration);
  const Line together = FitLine(SamplesOf(Kind::kFanIn, fan_in_plan, fan_in, 1.0 / 3));
  CheckFit(together, absl::StrCat("fan-in at ", rate), calibration);
  calibration.fan_in = RateOf(together);
  const Line accumulate = FitLine(SamplesOf(Kind::kAccumulate, plan, measured, 1));
  CheckFit(accumulate, "accumulating", calibration);
  calibration.accumulate_rate = RateOf(accumulate);
  const Line update = FitLine(SamplesOf(Kind::kUpdate, plan, measured, 1));
  CheckFit(update, "updating", calibration);
  calibration.update_rate = RateOf(update);
  return calibration;
}

sim::Cluster ClusterOf(const Calibration& calibration) {
  const double overheads = calibration.send_overhead + calibration.receive_overhead;
  const double latency = std::max(0.0, calibration.latency.value - overheads);
  return {.name = absl::StrCat("calibrated test hosts, ", calibration.rate),
          .nic = {.bytes_per_second = calibration.bandwidth.value,
                  .latency = latency / 2,
                  .burst = calibration.burst.value},
          .shared_cores = {static_cast<double>(calibration.cores), calibration.processor_per_byte},
          .send_overhead = calibration.send_overhead,
          .receive_overhead = calibration.receive_overhead,
          .accumulate_bytes_per_second = calibration.accumulate_rate.value};
}

absl::Status WriteCluster(const Calibration& calibration, const std::string& path) {
  const sim::Cluster cluster = ClusterOf(calibration);
  const auto micro = [](double seconds) { return absl::StrFormat("%.9gus", seconds * 1e6); };
  const auto rate = [](double bytes) { return absl::StrFormat("%.9gMB/s", bytes * 1e-6); };
  nlohmann::ordered_json json = {{"name", cluster.name},
                                 {"nic",
                                  {{"bandwidth", rate(cluster.nic.bytes_per_second)},
                                   {"latency", micro(cluster.nic.latency)},
                                   {"burst", absl::StrFormat("%.9gkB", cluster.nic.burst * 1e-3)}}},
                                 {"message",
                                  {{"send_overhead", micro(cluster.send_overhead)},
                                   {"receive_overhead", micro(cluster.receive_overhead)}}},
                                 {"accumulate_rate", rate(cluster.accumulate_bytes_per_second)}};
  if (cluster.shared_cores.any()) {
    json["shared_cores"] = {
        {"count", calibration.cores},
        {"byte", absl::StrFormat("%.9gns", cluster.shared_cores.seconds_per_byte * 1e9)}};
  }
  return core::WriteFile(path, json.dump(1) + "\n");
}

}  // namespace experiments
