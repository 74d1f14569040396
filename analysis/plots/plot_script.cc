#include "analysis/plots/plot_script.h"

#include <cmath>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace analysis {
namespace {

// From above: title, a key with a line per entry, the plot.
constexpr char kStyle[] = R"(
set terminal pngcairo size 1200,780 font 'Sans,17' noenhanced background '#ffffff'
set encoding utf8
set border 3 lw 1.5 lc rgb '#555555'
set tics nomirror textcolor rgb '#222222'
set grid ytics lt 1 lw 1 lc rgb '#dddddd'
set style fill solid 1.0 noborder
set datafile missing 'NaN'
set lmargin at screen 0.12
set rmargin at screen 0.96
set tmargin at screen 0.76
set bmargin at screen 0.13
set key at screen 0.54,0.915 center top vertical maxrows 4 Left reverse samplen 2 spacing 1.1
)";

// Undoes what one picture set for itself.
constexpr char kNextPicture[] = R"(
unset label
unset xtics
set xtics nomirror autofreq
set ytics nomirror autofreq
set xrange [*:*]
set yrange [*:*]
set boxwidth
)";

}  // namespace

std::string StyleScript() { return kStyle; }

void BeginPicture(std::string& script, const char* file, const Captions& captions) {
  absl::StrAppend(&script, kNextPicture, "set output ", Quoted(file), "\nset label ",
                  Quoted(captions.title), " at screen 0.54,0.96 center font 'Sans,20'\nset xlabel ",
                  Quoted(captions.x), "\nset ylabel ", Quoted(captions.y), "\n");
}

void EndPicture(std::string& script, const std::vector<std::string>& plots, const char* nothing) {
  if (plots.empty()) {
    absl::StrAppend(&script,
                    "set xrange [0:1]\nset yrange [0:1]\nunset xtics\nunset ytics\nset label ",
                    Quoted(nothing), " at graph 0.5,0.5 center\nplot -1 notitle\n");
  } else {
    absl::StrAppend(&script, "plot ", absl::StrJoin(plots, ", \\\n  "), "\n");
  }
}

void AppendData(std::string& script, const std::string& name, const std::vector<Point>& points) {
  absl::StrAppend(&script, "$", name, " << EOD\n");
  for (const Point& point : points) {
    absl::StrAppend(&script, Number(point.x), " ", Number(point.y), "\n");
  }
  absl::StrAppend(&script, "EOD\n");
}

std::string Number(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.10g", value) : "NaN";
}

std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "’"}}), "'");
}

std::string Colour(size_t i) {
  // Okabe and Ito's, for all kinds of colour vision.
  static constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                             "#e69f00", "#56b4e9", "#555555"};
  return kColours[i % std::size(kColours)];
}

std::string ColourOf(const Run& run) { return Colour(static_cast<size_t>(run.order)); }

std::string Description(const Run& run) {
  const Figures& figures = run.figures;
  return absl::StrCat(
      run.plot_name, run.results.partial ? " (partial)" : "", ": ", figures.training_ranks,
      figures.training_ranks == 1 ? " rank" : " ranks",
      figures.server_ranks > 0 ? absl::StrCat(" + ", figures.server_ranks, " server") : "",
      ", batch ", run.results.batch_size, figures.training_ranks == 1 ? "" : " each");
}

}  // namespace analysis
