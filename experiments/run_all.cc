// tools/bazel run //experiments:run_all
// Every strategy on the same data with the same number of training ranks, then the report.

#include <iostream>
#include <span>

#include "absl/strings/str_cat.h"
#include "analysis/report.h"
#include "core/base/error.h"
#include "core/base/program.h"
#include "core/strategies/strategies.h"
#include "experiments/training/experiment.h"
#include "experiments/training/run_options.h"

namespace experiments {
namespace {

constexpr std::string_view kUsage =
    R"(Trains ResNet-50 with each strategy in turn, compares them, and writes the report.

    tools/bazel run //experiments:run_all                      # on a small data set that it makes
    tools/bazel run //experiments:run_all -- --data-dir=imagenet --nproc-per-node=4

--nproc-per-node counts training ranks here: servers come on top.)";

int RunAll(int argc, char** argv) {
  const std::span<const core::StrategyEntry> strategies = core::Strategies();
  const RunOptions options = ReadOptions(strategies[0].name, kUsage, argc, argv);
  if (options.strategy != strategies[0].name) {
    throw core::Error(
        "--strategy: run_all runs all of them; use //experiments:baseline_ddp, "
        ":all_reduce or :parameter_server for one");
  }
  core::ThrowIfError(core::CheckFlagsApply(strategies, options.strategy_options));
  WaitPassively(options, argv);
  for (const core::StrategyEntry& strategy : strategies) {
    RunOptions run = WithStrategy(options, strategy.name);
    if (!run.trace.empty()) run.trace = absl::StrCat(run.trace, ".", strategy.name, ".json");
    if (const int code = RunExperiment(run); code != 0) return code;
  }
  core::ThrowIfError(
      analysis::WriteReport(options.output_dir, analysis::Language::kEnglish, std::cout));
  return 0;
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return core::ReportErrors("lockstep", [&] { return experiments::RunAll(argc, argv); });
}
