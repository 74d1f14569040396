#include "analysis/plots/validation_plot.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analysis/plots/gnuplot.h"
#include "analysis/plots/plot_script.h"

namespace analysis {

absl::Status WriteValidationPlot(const Validation& validation, const std::string& directory) {
  std::map<std::string, std::vector<Point>> strategies;
  double least = validation.cases.front().measured_step_seconds;
  double most = least;
  for (const ValidatedCase& each : validation.cases) {
    least = std::min({least, each.measured_step_seconds, each.predicted_step_seconds});
    most = std::max({most, each.measured_step_seconds, each.predicted_step_seconds});
    strategies[each.strategy].push_back({each.measured_step_seconds, each.predicted_step_seconds});
  }
  std::string script = StyleScript();
  BeginPicture(script, "validation.png",
               {.title = "Step times: predicted against measured",
                .x = "measured, seconds",
                .y = "predicted, seconds"});
  absl::StrAppend(&script, "set logscale xy\nset xrange [", least / 1.2, ":", most * 1.2,
                  "]\nset yrange [", least / 1.2, ":", most * 1.2, "]\n");
  std::vector<std::string> plots = {
      "x title 'equal' with lines linecolor 'gray'",
      "1.05 * x title '5 % off' with lines dashtype 2 linecolor 'gray'",
      "0.95 * x notitle with lines dashtype 2 linecolor 'gray'"};
  for (const auto& [strategy, points] : strategies) {
    const std::string name = absl::StrCat("strategy", plots.size());
    AppendData(script, name, points);
    plots.push_back(absl::StrCat("$", name, " using 1:2 title ", Quoted(strategy),
                                 " with points pointtype ", plots.size() + 1));
  }
  EndPicture(script, plots, "no cases");
  return Plot(script, {"validation.png"}, directory);
}

}  // namespace analysis
