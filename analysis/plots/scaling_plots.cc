#include "analysis/plots/scaling_plots.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/plots/gnuplot.h"
#include "analysis/plots/plot_script.h"
#include "core/base/table.h"

namespace analysis {
namespace {

constexpr size_t kProfile = 0;

// Those of the two panels, Gbit/s: of 10 and 100 what there is.
struct Panels {
  double low = 0;
  double high = 0;
};
Panels PanelsOf(const ScalingStudy& study) {
  const std::vector<double> all = study.Bandwidths();
  const auto or_else = [&](double wanted, double otherwise) {
    return std::find(all.begin(), all.end(), wanted) != all.end() ? wanted : otherwise;
  };
  return {or_else(10, all.front()), or_else(100, all.back())};
}

// How the i-th variant is drawn: a colour of its own, then with dashes.
std::string StyleOf(size_t i) {
  constexpr int kPoints[] = {7, 5, 9, 11, 13, 4, 6, 8, 10};
  return absl::StrCat("lc rgb '", Colour(i), "' dt ", i < 7 ? 1 : 2, " pt ",
                      kPoints[i % std::size(kPoints)]);
}

// With what each worker is.
std::string TitleOf(const ScalingStudy& study, const std::string& what) {
  return absl::StrCat(what, "; a worker: ", core::Shortened(study.profiles[kProfile].hardware, 40));
}

// Two panels side by side, one key above both.
void BeginPanels(std::string& script, const char* file, const std::string& title) {
  absl::StrAppend(
      &script, "\nunset label\nset output ", Quoted(file), "\nset label 1 ", Quoted(title),
      " at screen 0.5,0.965 center font 'Sans,20'\n"
      "set multiplot layout 1,2\nset tmargin at screen 0.72\nset bmargin at screen 0.12\n"
      "set key at screen 0.5,0.93 center top vertical maxrows 4 Left reverse samplen 2 "
      "spacing 1.05 font 'Sans,15'\n");
}

void BeginPanel(std::string& script, size_t panel, double bandwidth, const char* y) {
  absl::StrAppend(&script, "set ylabel ", Quoted(panel == 0 ? y : ""), " offset 0.5\n",
                  "set lmargin at screen ", panel == 0 ? "0.09" : "0.58",
                  "\nset rmargin at screen ", panel == 0 ? "0.48" : "0.97", "\n",
                  panel == 0 ? "" : "unset label 1\nunset key\n", "set label 2 '", bandwidth,
                  " Gbit/s' at graph 0.03,0.95 left font 'Sans,18'\n");
}

void EndPanels(std::string& script) {
  absl::StrAppend(&script, "unset multiplot\nunset label\nunset logscale\nset format y\n");
}

// Logarithmic, 1, 10, 100, ... without exponents where they are short.
constexpr char kWorkersAxis[] =
    "set logscale x\nset xrange [0.8:80000]\nset xlabel 'workers' offset 0,0.4\n"
    "set xtics nomirror (1, 4, 16, 64, 256, '1k' 1024, '4k' 4096, '16k' 16384, '64k' 65536)\n"
    "set grid xtics ytics lt 1 lw 1 lc rgb '#e4e4e4'\n";

// Both panels' curves; `value` picks what is drawn, over what is `drawn_first`.
void CurvePanels(const ScalingStudy& study, const char* y, double core::SimulationRow::*value,
                 double factor, const std::vector<std::string>& drawn_first, std::string& script) {
  const Panels panels = PanelsOf(study);
  const std::vector<std::string> variants = study.Variants();
  for (size_t panel = 0; panel < 2; ++panel) {
    const double bandwidth = panel == 0 ? panels.low : panels.high;
    std::vector<std::string> plots = drawn_first;
    for (size_t i = 0; i < variants.size(); ++i) {
      const ScalingCurve* curve = study.Find({kProfile, variants[i], bandwidth, false});
      if (curve == nullptr) continue;
      std::vector<Point> points;
      for (const core::SimulationRow& point : curve->points) {
        points.push_back({double(point.workers), factor * point.*value});
      }
      const std::string name = absl::StrCat("curve", bandwidth, "_", i);
      AppendData(script, name, points);
      plots.push_back(absl::StrCat("$", name, " with linespoints lw 2.5 ps 1 ", StyleOf(i),
                                   " title ", Quoted(variants[i])));
    }
    BeginPanel(script, panel, bandwidth, y);
    if (plots.empty()) absl::StrAppend(&script, "unset logscale\n");
    EndPicture(script, plots, "no points");
  }
  EndPanels(script);
}

void ThroughputPicture(const ScalingStudy& study, std::string& script) {
  const double alone = study.profiles[kProfile].images_per_second_alone();
  BeginPanels(script, "ps_scaling_throughput.png", TitleOf(study, "Simulated throughput"));
  absl::StrAppend(&script, kWorkersAxis,
                  "set logscale y\nset ytics nomirror ('10' 10, '100' 100, '1k' 1e3, '10k' 1e4, "
                  "'100k' 1e5, '1M' 1e6, '10M' 1e7, '100M' 1e8)\nset yrange [",
                  Number(alone / 5), ":", Number(alone * 1e5), "]\n");
  const std::string ideal =
      absl::StrCat("x*", Number(alone), " with lines lw 2 dt 3 lc rgb '#555555' title 'ideal'");
  CurvePanels(study, "images/s", &core::SimulationRow::images_per_second, 1, {ideal}, script);
}

void EfficiencyPicture(const ScalingStudy& study, std::string& script) {
  BeginPanels(script, "ps_scaling_efficiency.png", TitleOf(study, "Simulated scaling efficiency"));
  absl::StrAppend(&script, kWorkersAxis, "set ytics nomirror autofreq\nset yrange [0:109]\n");
  CurvePanels(study, "efficiency (%)", &core::SimulationRow::efficiency, 100, {}, script);
}

// Shares of a worker's step, from below.
struct Part {
  const char* title;
  const char* colour;
};
constexpr Part kParts[] = {{"computing", "#009e73"},
                           {"all-reduce that is not hidden", "#0072b2"},
                           {"pull and push that are not hidden", "#e69f00"},
                           {"waiting for servers to add and update", "#d55e00"}};

std::vector<double> SharesOf(const core::SimulationRow& point) {
  const bool servers = point.step.pull.count() > 0;
  const double compute = point.step.computation / point.step.total;
  const double exposed = point.step.exposed / point.step.total;
  return {compute, servers ? 0 : exposed, servers ? exposed : 0,
          std::max(0.0, 1 - compute - exposed)};
}

// "4k" for 4096.
std::string Short(int count) {
  return count >= 1024 ? absl::StrCat(count / 1024, "k") : absl::StrCat(count);
}

void BreakdownPanel(const ScalingStudy& study, const std::string& variant, double bandwidth,
                    size_t panel, std::string& script) {
  const ScalingCurve* curve = study.Find({kProfile, variant, bandwidth, false});
  const std::string name = absl::StrCat("$parts", panel);
  absl::StrAppend(&script, name, " << EOD\n");
  for (int workers : kShownWorkers) {
    const core::SimulationRow* point = curve ? curve->At(workers) : nullptr;
    if (point == nullptr) continue;
    absl::StrAppend(&script, Short(workers));
    for (double share : SharesOf(*point)) absl::StrAppend(&script, " ", Number(100 * share));
    absl::StrAppend(&script, "\n");
  }
  absl::StrAppend(&script, "EOD\nset lmargin at screen ", panel % 2 == 0 ? "0.09" : "0.57",
                  "\nset rmargin at screen ", panel % 2 == 0 ? "0.49" : "0.97",
                  "\nset tmargin at screen ", panel < 2 ? "0.80" : "0.42",
                  "\nset bmargin at screen ", panel < 2 ? "0.52" : "0.14", "\n",
                  panel == 1 ? "unset label 1\nunset key\n" : "", "set ylabel ",
                  Quoted(panel % 2 == 0 ? "% of the step" : ""), " offset 0.5\nset xlabel ",
                  Quoted(panel < 2 ? "" : "workers"), "\nset label 2 ", Quoted(variant),
                  " at graph 0.5,1.08 center font 'Sans,16'\n");
  std::vector<std::string> plots;
  for (size_t part = 0; curve != nullptr && part < std::size(kParts); ++part) {
    plots.push_back(absl::StrFormat("%s using %d%s lc rgb '%s' title '%s'", name, part + 2,
                                    part == 0 ? ":xtic(1)" : "", kParts[part].colour,
                                    kParts[part].title));
  }
  EndPicture(script, plots, "no points");
}

// The first variant of each kind, four at most.
std::vector<std::string> OneOfEachKind(const ScalingStudy& study) {
  std::map<int, std::string> by_kind;
  for (const std::string& variant : study.Variants()) {
    const ScalingCurve& curve = study.AnyOf(variant);
    const int dedicated = curve.points.back().servers > 0 ? 2 : 3;
    const int kind = !curve.HasServers() ? 0 : curve.ServersInTurn() > 0 ? 1 : dedicated;
    by_kind.emplace(kind, variant);
  }
  std::vector<std::string> variants;
  for (const auto& [kind, variant] : by_kind) variants.push_back(variant);
  return variants;
}

void BreakdownPicture(const ScalingStudy& study, std::string& script) {
  const double bandwidth = PanelsOf(study).high;
  const std::vector<std::string> shown = OneOfEachKind(study);
  BeginPanels(script, "ps_scaling_breakdown.png",
              TitleOf(study, absl::StrCat("Where a step goes at ", bandwidth, " Gbit/s")));
  absl::StrAppend(&script,
                  "set style data histograms\nset style histogram rowstacked\nset boxwidth 0.85\n"
                  "set xrange [*:*]\nset xtics nomirror font 'Sans,14' autofreq\n"
                  "set yrange [0:100]\nset ytics nomirror autofreq\nset xlabel ''\n"
                  "set key maxrows 2 font 'Sans,15' width -4\n");
  for (size_t panel = 0; panel < shown.size(); ++panel) {
    BreakdownPanel(study, shown[panel], bandwidth, panel, script);
  }
  absl::StrAppend(&script, "set style data points\n");
  EndPanels(script);
}

void KneePicture(const ScalingStudy& study, std::string& script) {
  const std::string title = TitleOf(study, "Workers that servers can feed");
  BeginPicture(script, "ps_scaling_knee.png",
               {.title = title.c_str(), .x = "bandwidth of a nic (Gbit/s)", .y = "workers"});
  absl::StrAppend(&script,
                  "set logscale xy\nset xtics nomirror (1, 10, 25, 100, 400)\nset xrange "
                  "[0.7:600]\nset grid xtics ytics lt 1 lw 1 lc rgb '#e4e4e4'\n");
  std::vector<std::string> plots;
  const std::vector<std::string> variants = study.Variants();
  for (size_t i = 0; i < variants.size(); ++i) {
    const double servers = study.AnyOf(variants[i]).ServersInTurn();
    if (servers == 0) continue;
    std::vector<Point> points;
    for (double bandwidth : study.Bandwidths()) {
      if (const ScalingCurve* curve = study.Find({kProfile, variants[i], bandwidth, false})) {
        points.push_back({bandwidth, KneeOf(study, *curve)});
      }
    }
    const std::string name = absl::StrCat("knee", servers);
    AppendData(script, name, points);
    const std::string name_of_servers =
        absl::StrCat(servers, servers == 1 ? " server" : " servers");
    plots.push_back(absl::StrCat("$", name, " with linespoints lw 2.5 ps 1.6 ", StyleOf(i),
                                 " title '", name_of_servers, ", simulated'"));
    plots.push_back(absl::StrCat("x*", Number(KneeOfLinks(study.profiles[kProfile], 1, servers)),
                                 " with lines lw 2 dt 3 lc rgb '", Colour(i), "' title '",
                                 name_of_servers, ", C·B·S/(2M)'"));
  }
  EndPicture(script, plots, "no points");
  absl::StrAppend(&script, "unset logscale\n");
}

}  // namespace

absl::Status WriteScalingPlots(const ScalingStudy& study, const std::string& directory) {
  std::string script = StyleScript();
  KneePicture(study, script);  // First: pictures of panels leave their margins.
  ThroughputPicture(study, script);
  EfficiencyPicture(study, script);
  BreakdownPicture(study, script);
  return Plot(script,
              {"ps_scaling_throughput.png", "ps_scaling_efficiency.png", "ps_scaling_knee.png",
               "ps_scaling_breakdown.png"},
              directory);
}

}  // namespace analysis
