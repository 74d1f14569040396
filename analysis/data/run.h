#ifndef ANALYSIS_DATA_RUN_H_
#define ANALYSIS_DATA_RUN_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/records/results.h"
#include "core/records/simulation_row.h"
#include "core/strategies/strategies.h"

namespace analysis {

// What one run comes down to: means over its epochs, seconds per step. Absent: the file does not
// say.
struct Figures {
  int training_ranks = 0;
  int server_ranks = 0;
  std::optional<double> images_per_second;  // Of all ranks.
  std::optional<double> epoch_seconds;
  std::optional<double> step_seconds;
  std::optional<double> communication_seconds;
  std::optional<double> exposed_seconds;  // The part of it during which nothing was computed.
  std::optional<core::Breakdown> breakdown;
  std::optional<double> pull_seconds;
  std::optional<double> push_seconds;
  std::optional<double> best_accuracy;  // Percent.
  bool validated = false;               // Else best_accuracy is that of training.
};

Figures FiguresOf(const core::Results& results);

// One method's run, and how reports present it.
struct Run {
  std::string file;       // Without its folder.
  std::string name;       // One short line.
  std::string plot_name;  // `name` if a font without East Asian characters can write it.
  int order = 0;          // Of its strategy among those asked for: 0 is the baseline.
  core::Results results;
  Figures figures;
};

// The runs found in a folder, the baseline first, and what was not: each an error of one line.
struct Runs {
  std::vector<Run> runs;
  std::vector<std::string> missing;    // File names.
  std::vector<std::string> malformed;  // Errors that name file and key.
  std::vector<core::SimulationRow> simulated;

  const Run* baseline() const { return !runs.empty() && runs[0].order == 0 ? &runs[0] : nullptr; }
};

// Reads the results files of these strategies, and simulated.json if there is one. An error if none
// of the results files can be read.
absl::StatusOr<Runs> LoadRuns(const std::string& directory,
                              std::span<const core::StrategyEntry> strategies = core::Strategies());

}  // namespace analysis

#endif  // ANALYSIS_DATA_RUN_H_
