#ifndef EXPERIMENTS_BENCHMARKS_BENCHMARK_ROW_H_
#define EXPERIMENTS_BENCHMARKS_BENCHMARK_ROW_H_

#include <optional>
#include <span>
#include <string>

#include "core/breakdown.h"
#include "nlohmann/json.hpp"

namespace experiments {

// One line of the benchmark's table: what one program took for one case. What was not measured is
// empty. Table and file are both written from this, so that they cannot disagree.
struct BenchmarkRow {
  std::string name;     // "ddp, 4 ranks"
  std::string program;  // "lockstep", or a script with its flags.

  std::optional<double> images_per_second;    // Of all ranks, by the median step.
  std::optional<double> step_seconds;         // Median.
  std::optional<double> step_spread_seconds;  // Between the first and the third quartile.
  std::optional<double> steps;                // That the two figures before stand on.

  std::optional<core::Breakdown> breakdown;  // Of the steps, mean over ranks.

  std::optional<double> peak_memory_bytes;   // Of the rank that has most.
  std::optional<double> first_step_seconds;  // From the command to the end of its first step.
  std::optional<double> wrong;        // Losses that are not finite, or differ between strategies.
  std::optional<double> other_cores;  // That other processes kept busy meanwhile.
  std::optional<double> speedup;      // Of lockstep over this program, images per second.
};

// A header row, a unit row and a line per row. Ends with a newline.
std::string FormatTable(std::span<const BenchmarkRow> rows);

// An array of objects whose keys are the fields' names; what is empty is left out.
nlohmann::json ToJson(std::span<const BenchmarkRow> rows);

}  // namespace experiments

#endif  // EXPERIMENTS_BENCHMARKS_BENCHMARK_ROW_H_
