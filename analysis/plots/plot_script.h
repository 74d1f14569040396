#ifndef ANALYSIS_PLOTS_PLOT_SCRIPT_H_
#define ANALYSIS_PLOTS_PLOT_SCRIPT_H_

#include <string>
#include <vector>

#include "analysis/data/curve.h"
#include "analysis/data/run.h"

namespace analysis {

// Pieces of gnuplot scripts that draw pictures in the report's style: title, key with a line per
// method, plot. A script starts with StyleScript; each picture is one Begin, then its own lines,
// then one End.

std::string StyleScript();

struct Captions {
  const char* title;
  const char* x;
  const char* y;
};

void BeginPicture(std::string& script, const char* file, const Captions& captions);

// "plot a, b, c", or axes with the text `nothing` where there is nothing to plot.
void EndPicture(std::string& script, const std::vector<std::string>& plots, const char* nothing);

// The data block "$name".
void AppendData(std::string& script, const std::string& name, const std::vector<Point>& points);

// A number as gnuplot reads it.
std::string Number(double value);

// A text as gnuplot's single-quoted string, with typographic apostrophes: doubled ones do not
// always survive gnuplot.
std::string Quoted(const std::string& text);

// "#rrggbb" of the i-th of things that are told apart by colour.
std::string Colour(size_t i);

// A method's, always the same.
std::string ColourOf(const Run& run);

// "Lockstep DDP: 4 ranks, batch 16 each", for keys.
std::string Description(const Run& run);

}  // namespace analysis

#endif  // ANALYSIS_PLOTS_PLOT_SCRIPT_H_
