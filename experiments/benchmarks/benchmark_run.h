#ifndef EXPERIMENTS_BENCHMARKS_BENCHMARK_RUN_H_
#define EXPERIMENTS_BENCHMARKS_BENCHMARK_RUN_H_

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "experiments/benchmarks/benchmark_case.h"
#include "experiments/benchmarks/benchmark_row.h"
#include "nlohmann/json.hpp"

namespace experiments {

// What one run of a command left behind. Seconds, bytes.
struct BenchmarkRun {
  std::vector<double> step_times;
  std::vector<double> losses;       // By step.
  std::vector<double> peak_memory;  // By rank.
  std::optional<core::Breakdown> breakdown;
  std::optional<double> first_step;
  double other_cores = 0;
  std::map<std::string, std::string> configuration;

  // Without the first two steps, in which memory is fetched and kernels are chosen.
  std::vector<double> SteadySteps() const;
};

// For the same program's next start.
void to_json(nlohmann::json& json, const BenchmarkRun& run);
void from_json(const nlohmann::json& json, BenchmarkRun& run);

// Starts `command` and waits for its end. Throws core::Error that says how it failed, with the last
// line that it wrote, and Interrupted if a signal asked us to end. Call it without other threads.
BenchmarkRun RunBenchmarkCommand(const BenchmarkCommand& command);

// A signal came while a command ran; it has ended.
struct Interrupted {
  int signal = 0;
};

// One row of what several runs of one program gave for one case: medians over all their steps.
// Losses count as wrong that are not finite, or whose first is not `first_loss` to within 1e-6.
BenchmarkRow MakeRow(const BenchmarkCase& benchmark_case, const BenchmarkOptions& options,
                     const BenchmarkCommand& command, std::span<const BenchmarkRun> runs,
                     std::optional<double> first_loss);

}  // namespace experiments

#endif  // EXPERIMENTS_BENCHMARKS_BENCHMARK_RUN_H_
