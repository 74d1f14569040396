#include "analysis/plots.h"

#include "analysis/bar_plots.h"
#include "analysis/curve_plots.h"
#include "analysis/gnuplot.h"
#include "analysis/plot_script.h"

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
