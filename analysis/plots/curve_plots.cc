#include "analysis/plots/curve_plots.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "analysis/data/curve.h"
#include "analysis/plots/plot_script.h"

namespace analysis {
namespace {

// The curve through the means, and the dots of single steps behind it.
constexpr size_t kCurvePoints = 200;
constexpr size_t kDotsMax = 1500;
// Curves of more points have no markers.
constexpr size_t kMarkersMax = 20;

// "#rrggbb" mixed with white. Not transparent: a line would show through its own markers.
std::string Lighter(const std::string& colour) {
  std::string lighter = "#";
  for (size_t i = 1; i < 7; i += 2) {
    const int channel = std::stoi(colour.substr(i, 2), nullptr, 16);
    absl::StrAppend(&lighter, absl::Hex(255 - (255 - channel) / 3, absl::kZeroPad2));
  }
  return lighter;
}

// Curves often lie on each other, and all stay visible: wide, dashed on it, thin on that, and then
// in turn a few dashes and thin ones. With markers they do so too.
std::string StyleOf(const Run& run, bool markers, bool light) {
  static constexpr const char* kLines[] = {"lw 11", "lw 6 dt (4,4)", "lw 1.8", "lw 5 dt (3,6)"};
  static constexpr const char* kMarkers[] = {" pt 7 ps 2.8", " pt 7 ps 2.0", " pt 7 ps 1.1",
                                             " pt 7 ps 0.6"};
  const size_t style = static_cast<size_t>(run.order < 4 ? run.order : 2 + run.order % 2);
  const std::string colour = ColourOf(run);
  return absl::StrCat(markers ? " with linespoints " : " with lines ", kLines[style],
                      markers ? kMarkers[style] : "", " lc rgb '", light ? Lighter(colour) : colour,
                      "'");
}

// At most kDotsMax of the finite losses, evenly spread.
std::vector<Point> Dots(const std::vector<double>& losses) {
  const size_t stride = (losses.size() + kDotsMax - 1) / kDotsMax;
  std::vector<Point> dots;
  for (size_t i = 0; i < losses.size(); i += stride) {
    if (std::isfinite(losses[i])) dots.push_back({static_cast<double>(i + 1), losses[i]});
  }
  return dots;
}

// A run's accuracies by epoch, in percent.
struct Accuracies {
  std::vector<Point> training, validation;
  double highest = 0;
  size_t epochs = 0;
};

Accuracies AccuraciesOf(const core::Results& results) {
  Accuracies accuracies;
  for (const core::EpochResult& epoch : results.epochs) {
    const double x = epoch.epoch;
    accuracies.training.push_back({x, epoch.train_accuracy});
    if (epoch.val_accuracy) accuracies.validation.push_back({x, *epoch.val_accuracy});
    accuracies.highest =
        std::max({accuracies.highest, epoch.train_accuracy, epoch.val_accuracy.value_or(0)});
    accuracies.epochs = std::max(accuracies.epochs, static_cast<size_t>(epoch.epoch));
  }
  return accuracies;
}

}  // namespace

void LossPlot(const std::vector<Run>& runs, std::string& script) {
  std::string data;
  std::vector<std::string> dots, curves;
  size_t steps = 1;
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::vector<double>& losses = runs[i].results.all_losses;
    const std::vector<Point> curve = Smoothed(losses, kCurvePoints);
    if (curve.empty()) continue;
    AppendData(data, absl::StrCat("loss", i), curve);
    steps = std::max(steps, losses.size());
    curves.push_back(absl::StrCat("$loss", i, StyleOf(runs[i], curve.size() <= kMarkersMax, false),
                                  " title ", Quoted(Description(runs[i]))));
    if (losses.size() <= kCurvePoints) continue;
    AppendData(data, absl::StrCat("step", i), Dots(losses));
    dots.push_back(absl::StrCat("$step", i, " with points pt 7 ps 0.3 lc rgb '",
                                Lighter(ColourOf(runs[i])), "' notitle"));
  }
  BeginPicture(script, "loss_curves.png",
               {.title = dots.empty() ? "Training loss"
                                      : "Training loss (lines: running means; dots: single steps)",
                .x = "training step",
                .y = "cross-entropy loss (nats)"});
  const bool few = steps <= kMarkersMax;
  absl::StrAppend(&script, data, few ? "set xtics nomirror 1\n" : "", "set xrange [",
                  few ? "0.5" : "0", ":", steps, few ? ".5]\n" : "]\n", "set yrange [0:*]\n");
  dots.insert(dots.end(), curves.begin(), curves.end());
  EndPicture(script, dots, "no losses recorded");
}

void AccuracyPlot(const std::vector<Run>& runs, std::string& script) {
  std::string data;
  std::vector<std::string> training, validation;
  double highest = 0;
  size_t epochs = 1;
  const bool validated = std::any_of(runs.begin(), runs.end(), [](const Run& run) {
    return !AccuraciesOf(run.results).validation.empty();
  });
  for (size_t i = 0; i < runs.size(); ++i) {
    const Accuracies accuracies = AccuraciesOf(runs[i].results);
    if (accuracies.training.empty()) continue;
    highest = std::max(highest, accuracies.highest);
    epochs = std::max(epochs, accuracies.epochs);
    const bool markers = accuracies.epochs <= kMarkersMax;
    const std::string title = Quoted(Description(runs[i]));
    AppendData(data, absl::StrCat("training", i), accuracies.training);
    training.push_back(absl::StrCat("$training", i, StyleOf(runs[i], markers, validated), " title ",
                                    accuracies.validation.empty() ? title : "''"));
    if (accuracies.validation.empty()) continue;
    AppendData(data, absl::StrCat("validation", i), accuracies.validation);
    validation.push_back(
        absl::StrCat("$validation", i, StyleOf(runs[i], markers, false), " title ", title));
  }
  BeginPicture(
      script, "accuracy_curves.png",
      {.title = validated ? "Accuracy (strong: validation; light: training)" : "Training accuracy",
       .x = "epoch",
       .y = "top-1 accuracy (%)"});
  absl::StrAppend(&script, data, "set xrange [0.5:", epochs,
                  ".5]\nset yrange [0:", Number(highest > 0 ? std::min(105.0, 1.1 * highest) : 100),
                  "]\n", epochs <= kMarkersMax ? "set xtics nomirror 1\n" : "");
  training.insert(training.end(), validation.begin(), validation.end());
  EndPicture(script, training, "no epochs recorded");
}

}  // namespace analysis
