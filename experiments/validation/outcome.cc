#include "experiments/validation/outcome.h"

#include "core/base/statistics.h"
#include "core/records/fields.h"

namespace experiments {
namespace {

// As the report knows it.
analysis::ValidatedCase CaseOf(const Outcome& outcome) {
  const ValidationCase& the_case = outcome.validation_case;
  return {.strategy = the_case.label(),
          .ranks = the_case.ranks,
          .rate = the_case.rate,
          .workload = the_case.workload->name,
          .measured_step_seconds = outcome.median(),
          .measured_spread = outcome.spread(),
          .predicted_step_seconds = outcome.prediction.step,
          .measured_exposed_seconds = outcome.exposed,
          .predicted_exposed_seconds = outcome.prediction.exposed,
          .least_seconds = outcome.least,
          .noisy = outcome.noisy()};
}

}  // namespace

double Outcome::median() const { return core::Median(seconds); }

double Outcome::spread() const { return core::InterquartileRange(seconds) / median(); }

bool Outcome::noisy() const { return repeated && spread() > kSpreadMax; }

void AddMeasured(const Measured& measured, Outcome& outcome) {
  const auto steady = [](const std::vector<double>& values) {
    return std::vector<double>(values.begin() + kWarmupSteps, values.end());
  };
  const std::vector<double> seconds = steady(measured.seconds);
  outcome.seconds.insert(outcome.seconds.end(), seconds.begin(), seconds.end());
  outcome.exposed = core::Median(steady(measured.exposed));
  outcome.trace = measured.trace;
}

analysis::Validation ValidationOf(const std::vector<Outcome>& outcomes) {
  analysis::Validation validation;
  for (const Outcome& outcome : outcomes) validation.cases.push_back(CaseOf(outcome));
  analysis::SortByError(validation.cases);
  return validation;
}

nlohmann::ordered_json ToJson(const std::vector<Outcome>& outcomes,
                              const std::vector<Calibration>& calibrations) {
  const auto estimate = [](const Estimate& figure) -> nlohmann::ordered_json {
    return {{"value", figure.value}, {"interval_95", figure.interval}};
  };
  const analysis::Validation validation = ValidationOf(outcomes);
  nlohmann::ordered_json json = {{"mean_error", validation.mean_error()},
                                 {"worst_error", validation.worst_error()},
                                 {"noisy_cases", validation.noisy_cases()},
                                 {"calibrations", nlohmann::ordered_json::array()},
                                 {"cases", nlohmann::ordered_json::array()}};
  for (const Calibration& each : calibrations) {
    json["calibrations"].push_back({{"rate", each.rate},
                                    {"bandwidth_bytes_per_second", estimate(each.bandwidth)},
                                    {"fan_in_bytes_per_second", estimate(each.fan_in)},
                                    {"burst_bytes", estimate(each.burst)},
                                    {"latency_seconds", estimate(each.latency)},
                                    {"send_overhead_seconds", each.send_overhead},
                                    {"receive_overhead_seconds", each.receive_overhead},
                                    {"processor_seconds_per_byte", each.processor_per_byte},
                                    {"cores", each.cores},
                                    {"accumulate_bytes_per_second", estimate(each.accumulate_rate)},
                                    {"update_bytes_per_second", estimate(each.update_rate)},
                                    {"warnings", each.warnings}});
  }
  for (const Outcome& outcome : outcomes) {
    nlohmann::ordered_json each = core::FieldWriter::ToJson(CaseOf(outcome));
    each["measured_seconds"] = outcome.seconds;
    each["error"] = outcome.error();
    each["repeated"] = outcome.repeated;
    json["cases"].push_back(each);
  }
  return json;
}

}  // namespace experiments
