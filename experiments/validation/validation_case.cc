#include "experiments/validation/validation_case.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace experiments {
namespace {

constexpr char kServer[] = "parameter_server";

// Smaller than PyTorch's as the model is smaller: four buckets and a small first one.
constexpr core::BucketLimits kBuckets = {.first_bytes = 256 << 10, .bytes = 1536 << 10};

}  // namespace

core::Profile Shrink(const core::Profile& profile, int64_t divisor, int joined, double pass) {
  core::Profile shrunk = profile;
  const double scale = pass / profile.pass;
  shrunk.source = absl::StrCat("derived: sizes of \"", profile.model, "\" (", profile.source,
                               ") divided by ", divisor, ", its parameters joined by ", joined,
                               ", its times multiplied by ", scale);
  shrunk.forward *= scale;
  shrunk.pass = pass;
  shrunk.pass_spread *= scale;
  shrunk.parameters = 0;
  const int count = (static_cast<int>(profile.gradients.size()) + joined - 1) / joined;
  shrunk.gradients.assign(static_cast<size_t>(count), {});
  for (const core::ProfiledGradient& gradient : profile.gradients) {
    const int target = gradient.parameter / joined;
    core::ProfiledGradient& whole = shrunk.gradients[static_cast<size_t>(target)];
    whole.parameter = target;
    whole.elements += gradient.elements;
    whole.ready = std::max(whole.ready, gradient.ready * scale);
  }
  for (core::ProfiledGradient& gradient : shrunk.gradients) {
    gradient.elements = std::max<int64_t>(1, gradient.elements / divisor);
    shrunk.parameters += gradient.elements;
  }
  std::stable_sort(shrunk.gradients.begin(), shrunk.gradients.end(),
                   [](const auto& a, const auto& b) { return a.ready < b.ready; });
  return shrunk;
}

std::string ValidationCase::label() const {
  if (options.server.colocated) return absl::StrCat(strategy, ", colocated");
  if (options.server.servers > 1) {
    return absl::StrCat(strategy, ", ", options.server.servers, " servers");
  }
  return strategy;
}

std::unique_ptr<core::Strategy> MakeStrategy(const ValidationCase& validation_case) {
  const auto entry = core::ValueOrThrow(core::StrategyNamed(validation_case.strategy));
  return core::ValueOrThrow(entry->make(validation_case.options));
}

int ValidationCase::servers() const { return MakeStrategy(*this)->servers(); }

int ValidationCase::links_at_once() const { return servers() > 0 ? servers() : ranks; }

std::vector<ValidationCase> MakeCases(const std::vector<std::string>& rates,
                                      const std::vector<int>& ranks,
                                      const std::vector<Workload>& workloads) {
  std::vector<ValidationCase> cases;
  for (const std::string& rate : rates) {
    for (int count : ranks) {
      for (const Workload& workload : workloads) {
        const auto add = [&](const std::string& strategy, core::ParameterServerOptions server) {
          cases.push_back({.strategy = strategy,
                           .options = {.buckets = kBuckets, .server = server},
                           .ranks = count,
                           .rate = rate,
                           .bytes_per_second = BytesPerSecond(rate),
                           .workload = &workload});
        };
        add("ddp", {});
        add("all_reduce", {});
        add(kServer, {});
        if (count >= 4) add(kServer, {.servers = 2});
        add(kServer, {.colocated = true});
      }
    }
  }
  return cases;
}

double BytesPerSecond(const std::string& rate) {
  char* unit = nullptr;
  const double number = std::strtod(rate.c_str(), &unit);
  return number * (*unit == 'g' ? 1e9 : 1e6) / 8;
}

bool CoresCarry(const ValidationCase& validation_case, const Calibration& calibration, int cores) {
  return validation_case.links_at_once() * calibration.bandwidth.value *
             calibration.processor_per_byte <=
         0.5 * cores;
}

double LeastSeconds(const ValidationCase& validation_case, const Calibration& calibration) {
  const double ranks = validation_case.ranks;
  const double model = 4.0 * static_cast<double>(validation_case.workload->profile.parameters);
  const double servers = validation_case.servers();
  const double bytes =
      servers > 0 ? (ranks - servers) * model / servers : 2 * (ranks - 1) / ranks * model;
  const double moved = (bytes - calibration.burst.value) / validation_case.bytes_per_second;
  return std::max(validation_case.workload->profile.pass, moved);
}

Measurement MeasurementOf(const ValidationCase& validation_case, int steps) {
  return {.kind = Measurement::Kind::kStrategy,
          .count = steps,
          .strategy = validation_case.strategy,
          .options = validation_case.options,
          .profile = validation_case.workload->path};
}

}  // namespace experiments
