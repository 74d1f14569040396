#include "analysis/plots/run_plots.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "analysis/data/curve.h"
#include "analysis/plots/gnuplot.h"
#include "analysis/plots/plot_script.h"
#include "core/base/table.h"

namespace analysis {
namespace {

// Pictures with a bar per method.

struct Bar {
  const Run& run;
  std::optional<double> height, least, most;  // The mean, and the range over epochs.
  std::string label;
};

// Room for the bars, which are no wider than three would be, under a key with a line per method.
void BarAxes(std::string& script, size_t bars, double highest) {
  const double middle = (static_cast<double>(bars) + 1) / 2;
  const double half = std::max(1.6, middle - 0.4);
  absl::StrAppend(&script, "set xrange [", middle - half, ":", middle + half,
                  "]\nset yrange [0:", Number(highest > 0 ? 1.15 * highest : 1),
                  "]\nset boxwidth 0.6\nunset xtics\n");
}

// The name in lines so short that neighbours do not run into each other.
void TicOf(std::string& script, size_t x, size_t bars, const std::string& name) {
  const int columns = 80 / std::max(4, static_cast<int>(bars));
  std::vector<std::string> lines =
      absl::StrSplit(core::Wrapped(name, 0, columns), '\n', absl::SkipEmpty());
  // Of these texts alone gnuplot makes formats.
  for (std::string& line : lines) line = Quoted(absl::StrReplaceAll(line, {{"%", "%%"}}));
  absl::StrAppend(&script, x == 1 ? "set xtics nomirror scale 0 (" : "set xtics add (",
                  lines.empty() ? "''" : absl::StrJoin(lines, ".\"\\n\"."), " ", x, ")\n");
}

void BarPlot(std::string& script, const std::vector<Bar>& bars) {
  double highest = 0;
  for (const Bar& bar : bars) {
    highest = std::max({highest, bar.height.value_or(0), bar.most.value_or(0)});
  }
  BarAxes(script, bars.size(), highest);
  std::vector<std::string> plots;
  for (size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const size_t x = i + 1;
    TicOf(script, x, bars.size(), bar.run.plot_name);
    const double height = bar.height.value_or(0);
    absl::StrAppend(&script, "$bar", x, " << EOD\n", x, " ", Number(height), " ",
                    Number(bar.least.value_or(height)), " ", Number(bar.most.value_or(height)),
                    "\nEOD\n");
    absl::StrAppend(&script, "set label ", Quoted(bar.label), " at ", x, ",",
                    Number(std::max(height, bar.most.value_or(0))),
                    " center offset 0,0.9 font 'Sans,18'\n");
    plots.push_back(absl::StrCat("$bar", x, " using 1:2 with boxes lc rgb '", ColourOf(bar.run),
                                 "' title ", Quoted(Description(bar.run))));
    if (bar.least && bar.most && *bar.least < *bar.most) {
      plots.push_back(absl::StrCat(
          "$bar", x, " using 1:3:(0):($4-$3) with vectors heads size graph 0.01,90 lw 2 ",
          "lc rgb '#222222' notitle"));
    }
  }
  EndPicture(script, plots, "no results");
}

// A mean over epochs, with its range; `label` is asked of runs that have the mean.
void MeansPicture(const std::vector<Run>& runs, const char* file, const Captions& captions,
                  std::optional<double> Figures::*mean, double core::EpochResult::*of_epoch,
                  const std::function<std::string(const Run&)>& label, std::string& script) {
  BeginPicture(script, file, captions);
  std::vector<Bar> bars;
  for (const Run& run : runs) {
    Bar bar = {.run = run, .height = run.figures.*mean};
    bar.label = bar.height ? label(run) : "not recorded";
    for (const core::EpochResult& epoch : run.results.epochs) {
      const double value = epoch.*of_epoch;
      bar.least = std::min(bar.least.value_or(value), value);
      bar.most = std::max(bar.most.value_or(value), value);
    }
    bars.push_back(std::move(bar));
  }
  BarPlot(script, bars);
}

// Parts of a step, from below: each ends where the next begins.
struct Parts {
  double computing = 0;  // And loading, and whatever else is not communication.
  double hidden = 0;     // Communication behind computation.
  double exposed = 0;
  double unresolved = 0;  // Communication of which the file does not say what was hidden.

  double total() const { return computing + hidden + exposed + unresolved; }
};

Parts PartsOf(const Figures& figures) {
  const double step = figures.step_seconds.value_or(0);
  const double communication = figures.communication_seconds.value_or(0);
  Parts parts;
  if (figures.exposed_seconds) {
    parts.exposed = *figures.exposed_seconds;
    parts.hidden = std::max(0.0, communication - parts.exposed);
  } else {
    parts.unresolved = communication;
  }
  parts.computing = std::max(0.0, step - parts.hidden - parts.exposed - parts.unresolved);
  return parts;
}

std::string CommunicationLabel(const Figures& figures, const Parts& parts) {
  if (!figures.communication_seconds) return "not recorded";
  if (parts.total() <= 0) return "";
  const double share = (figures.exposed_seconds ? parts.exposed : parts.unresolved) / parts.total();
  return absl::StrFormat("%s: %.0f %%", figures.exposed_seconds ? "exposed" : "communication",
                         100 * share);
}

void ThroughputPlot(const std::vector<Run>& runs, std::string& script) {
  const auto label = [&runs](const Run& run) {
    const double mean = *run.figures.images_per_second;
    const double reference = runs[0].figures.images_per_second.value_or(0);
    std::string text = absl::StrFormat("%.1f", mean);
    if (runs[0].order == 0 && run.order != 0 && reference > 0) {
      absl::StrAppendFormat(&text, "  (%.2fx)", mean / reference);
    }
    return text;
  };
  MeansPicture(
      runs, "throughput_comparison.png",
      {.title = "Training throughput (mean over epochs; whiskers: slowest and fastest epoch)",
       .x = "",
       .y = "throughput of all ranks (images/s)"},
      &Figures::images_per_second, &core::EpochResult::train_throughput, label, script);
}

void TrainingTimePlot(const std::vector<Run>& runs, std::string& script) {
  MeansPicture(
      runs, "training_time_comparison.png",
      {.title = "Training time per epoch (mean; whiskers: fastest and slowest epoch)",
       .x = "",
       .y = "time per epoch (s)"},
      &Figures::epoch_seconds, &core::EpochResult::train_time,
      [](const Run& run) { return absl::StrFormat("%.2f s", *run.figures.epoch_seconds); }, script);
}

void CommunicationPlot(const std::vector<Run>& runs, std::string& script) {
  BeginPicture(script, "communication_overhead.png",
               {.title = "Communication in a training step (labels: share of the step)",
                .x = "",
                .y = "mean time per step (ms)"});
  double highest = 0;
  Parts any;
  for (const Run& run : runs) {
    const Parts parts = PartsOf(run.figures);
    highest = std::max(highest, 1e3 * parts.total());
    any.hidden += parts.hidden;
    any.exposed += parts.exposed;
    any.unresolved += parts.unresolved;
  }
  BarAxes(script, runs.size(), highest);
  std::vector<std::string> plots;
  for (size_t i = 0; i < runs.size(); ++i) {
    const size_t x = i + 1;
    const Parts parts = PartsOf(runs[i].figures);
    TicOf(script, x, runs.size(), runs[i].plot_name);
    const double tops[] = {1e3 * parts.computing, 1e3 * (parts.computing + parts.hidden),
                           1e3 * (parts.total() - parts.unresolved), 1e3 * parts.total()};
    absl::StrAppend(&script, "$step", x, " << EOD\n", x, " 0 ", Number(tops[0]), " ",
                    Number(tops[1]), " ", Number(tops[2]), " ", Number(tops[3]), "\nEOD\n");
    absl::StrAppend(&script, "set label ", Quoted(CommunicationLabel(runs[i].figures, parts)),
                    " at ", x, ",", Number(tops[3]), " center offset 0,0.9 font 'Sans,18'\n");
    // Boxes from column to column: x, low, high.
    const auto box = [&](int column, const std::string& fill) {
      plots.push_back(absl::StrCat("$step", x, " using 1:", column, ":($1-0.3):($1+0.3):", column,
                                   ":", column + 1, " with boxxyerror ", fill, " notitle"));
    };
    const std::string colour = absl::StrCat(" lc rgb '", ColourOf(runs[i]), "'");
    box(2, absl::StrCat("fs transparent solid 0.3 noborder", colour));
    if (parts.hidden > 0) {
      // Something is computed there too.
      box(3, absl::StrCat("fs transparent solid 0.3 noborder", colour));
      box(3, absl::StrCat("fs transparent pattern 4 noborder", colour));
    }
    if (parts.exposed > 0) box(4, absl::StrCat("fs solid 1.0 noborder", colour));
    if (parts.unresolved > 0)
      box(5, absl::StrCat("fs transparent pattern 6 border lw 1.5", colour));
  }
  const auto key = [&plots](const char* fill, const char* text) {
    plots.push_back(
        absl::StrCat("NaN with boxes ", fill, " lc rgb '#555555' title ", Quoted(text)));
  };
  if (any.exposed > 0) key("fs solid 1.0 noborder", "communication, exposed (nothing is computed)");
  if (any.hidden > 0) {
    key("fs transparent pattern 4 noborder", "communication, hidden behind computation");
  }
  if (any.unresolved > 0) {
    key("fs transparent pattern 6 border lw 1.5", "communication (overlap not recorded)");
  }
  key("fs transparent solid 0.3 noborder", "computation, loading and the rest");
  EndPicture(script, plots, "no results");
}

// Pictures with a curve per method.

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

}  // namespace

absl::Status WriteRunPlots(const std::vector<Run>& runs, const std::string& directory) {
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
