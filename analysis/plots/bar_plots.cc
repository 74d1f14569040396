#include "analysis/plots/bar_plots.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "analysis/plots/plot_script.h"

namespace analysis {
namespace {

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
  const size_t columns = 80 / std::max<size_t>(4, bars);
  std::vector<std::string> lines;
  for (absl::string_view word : absl::StrSplit(name, ' ', absl::SkipEmpty())) {
    if (lines.empty() || lines.back().size() + word.size() >= columns) lines.emplace_back();
    absl::StrAppend(&lines.back(), lines.back().empty() ? "" : " ", word);
  }
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

}  // namespace

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

}  // namespace analysis
