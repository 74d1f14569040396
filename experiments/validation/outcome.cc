#include "experiments/validation/outcome.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/plots/gnuplot.h"
#include "analysis/plots/plot_script.h"
#include "core/base/quantile.h"
#include "core/base/table.h"

namespace experiments {

double Outcome::median() const { return core::Quantile(seconds, 0.5); }

double Outcome::spread() const {
  return (core::Quantile(seconds, 0.75) - core::Quantile(seconds, 0.25)) / median();
}

bool Outcome::noisy() const { return repeated && spread() > kSpreadMax; }

void AddMeasured(const Measured& measured, Outcome& outcome) {
  const auto steady = [](const std::vector<double>& values) {
    return std::vector<double>(values.begin() + kWarmupSteps, values.end());
  };
  const std::vector<double> seconds = steady(measured.seconds);
  outcome.seconds.insert(outcome.seconds.end(), seconds.begin(), seconds.end());
  outcome.exposed = core::Quantile(steady(measured.exposed), 0.5);
}

ErrorSummary Summarize(const std::vector<Outcome>& outcomes) {
  ErrorSummary summary;
  for (const Outcome& outcome : outcomes) {
    const double error = std::abs(outcome.error());
    summary.mean += error / static_cast<double>(outcomes.size());
    summary.worst = std::max(summary.worst, error);
    summary.noisy += outcome.noisy();
    summary.below_least += outcome.median() < outcome.least;
  }
  return summary;
}

std::string Text(std::vector<Outcome> outcomes) {
  std::stable_sort(outcomes.begin(), outcomes.end(), [](const Outcome& a, const Outcome& b) {
    return std::abs(a.error()) > std::abs(b.error());
  });
  using Align = core::Table::Align;
  core::Table table({{"strategy", "", Align::kLeft},
                     {"ranks", ""},
                     {"links", ""},
                     {"bound by", "", Align::kLeft},
                     {"measured", "ms"},
                     {"spread", "%"},
                     {"predicted", "ms"},
                     {"error", "%"},
                     {"exposed", "ms"},
                     {"predicted", "ms"},
                     {"", "", Align::kLeft}});
  const auto milliseconds = [](double seconds) { return absl::StrFormat("%.1f", seconds * 1e3); };
  for (const Outcome& outcome : outcomes) {
    const ValidationCase& the_case = outcome.validation_case;
    table.AddRow(
        {the_case.label(), absl::StrCat(the_case.ranks), the_case.rate, the_case.workload->name,
         milliseconds(outcome.median()), absl::StrFormat("%.1f", 100 * outcome.spread()),
         milliseconds(outcome.prediction.step), absl::StrFormat("%+.1f", 100 * outcome.error()),
         milliseconds(outcome.exposed), milliseconds(outcome.prediction.exposed),
         outcome.median() < outcome.least ? "below what is possible"
         : outcome.noisy()                ? "noisy"
                                          : ""});
  }
  const ErrorSummary summary = Summarize(outcomes);
  std::string text = table.ToString(0);
  absl::StrAppendFormat(&text,
                        "\nStep times of %d cases are predicted with a mean error of %.1f %%, at "
                        "worst %.1f %%.\n",
                        outcomes.size(), 100 * summary.mean, 100 * summary.worst);
  if (summary.noisy > 0) {
    absl::StrAppendFormat(&text, "Noisy, their own spread being above %.0f %%: %d cases.\n",
                          100 * kSpreadMax, summary.noisy);
  }
  return text;
}

nlohmann::ordered_json ToJson(const std::vector<Outcome>& outcomes,
                              const std::vector<Calibration>& calibrations) {
  const auto estimate = [](const Estimate& figure) -> nlohmann::ordered_json {
    return {{"value", figure.value}, {"interval_95", figure.interval}};
  };
  const ErrorSummary summary = Summarize(outcomes);
  nlohmann::ordered_json json = {{"mean_error", summary.mean},
                                 {"worst_error", summary.worst},
                                 {"noisy_cases", summary.noisy},
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
    const ValidationCase& the_case = outcome.validation_case;
    json["cases"].push_back({{"strategy", the_case.label()},
                             {"ranks", the_case.ranks},
                             {"rate", the_case.rate},
                             {"workload", the_case.workload->name},
                             {"measured_step_seconds", outcome.median()},
                             {"measured_spread", outcome.spread()},
                             {"measured_seconds", outcome.seconds},
                             {"predicted_step_seconds", outcome.prediction.step},
                             {"error", outcome.error()},
                             {"measured_exposed_seconds", outcome.exposed},
                             {"predicted_exposed_seconds", outcome.prediction.exposed},
                             {"least_seconds", outcome.least},
                             {"repeated", outcome.repeated},
                             {"noisy", outcome.noisy()}});
  }
  return json;
}

absl::Status PlotOutcomes(const std::vector<Outcome>& outcomes, const std::string& directory) {
  std::vector<std::string> strategies;
  double least = outcomes[0].median();
  double most = least;
  for (const Outcome& outcome : outcomes) {
    least = std::min({least, outcome.median(), outcome.prediction.step});
    most = std::max({most, outcome.median(), outcome.prediction.step});
    const std::string label = outcome.validation_case.label();
    if (std::find(strategies.begin(), strategies.end(), label) == strategies.end()) {
      strategies.push_back(label);
    }
  }
  std::string script = analysis::StyleScript();
  analysis::BeginPicture(script, "validation.png",
                         {.title = "Step times: predicted against measured",
                          .x = "measured, seconds",
                          .y = "predicted, seconds"});
  absl::StrAppend(&script, "set logscale xy\nset xrange [", least / 1.2, ":", most * 1.2,
                  "]\nset yrange [", least / 1.2, ":", most * 1.2, "]\n");
  std::vector<std::string> plots = {
      "x title 'equal' with lines linecolor 'gray'",
      "1.05 * x title '5 % off' with lines dashtype 2 linecolor 'gray'",
      "0.95 * x notitle with lines dashtype 2 linecolor 'gray'"};
  for (size_t i = 0; i < strategies.size(); ++i) {
    std::vector<analysis::Point> points;
    for (const Outcome& outcome : outcomes) {
      if (outcome.validation_case.label() != strategies[i]) continue;
      points.push_back({outcome.median(), outcome.prediction.step});
    }
    const std::string name = absl::StrCat("strategy", i);
    analysis::AppendData(script, name, points);
    plots.push_back(absl::StrCat("$", name, " using 1:2 title ", analysis::Quoted(strategies[i]),
                                 " with points pointtype ", i + 4));
  }
  analysis::EndPicture(script, plots, "no cases");
  return analysis::Plot(script, {"validation.png"}, directory);
}

}  // namespace experiments
