#include "analysis/plots/plots.h"

#include "analysis/plots/bar_plots.h"
#include "analysis/plots/curve_plots.h"
#include "analysis/plots/gnuplot.h"
#include "analysis/plots/plot_script.h"

namespace analysis {

absl::Status WritePlots(const std::vector<Run>& runs, const std::string& directory) {
  std::string script = StyleScript();
  ThroughputPlot(runs, script);
  TrainingTimePlot(runs, script);
  LossPlot(runs, script);
  AccuracyPlot(runs, script);
  CommunicationPlot(runs, script);
  return Plot(script,
              {"throughput_comparison.png", "training_time_comparison.png", "loss_curves.png",
               "accuracy_curves.png", "communication_overhead.png"},
              directory);
}

}  // namespace analysis
