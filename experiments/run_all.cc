// tools/bazel run //experiments:run_all
// The three experiments on the same data with the same number of training ranks, then the report.

#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "analysis/report.h"
#include "core/base/error.h"
#include "core/base/program.h"
#include "experiments/training/experiment.h"
#include "experiments/training/run_options.h"

namespace experiments {
namespace {

constexpr std::string_view kUsage =
    R"(Trains ResNet-50 with each strategy in turn, compares them, and writes the report.

    tools/bazel run //experiments:run_all                      # on a small data set that it makes
    tools/bazel run //experiments:run_all -- --data-dir=imagenet --nproc-per-node=4

--nproc-per-node counts training ranks here: the parameter server gets one more.)";

void RunAll(int argc, char** argv) {
  const RunOptions options = ReadOptions("ddp", kUsage, argc, argv);
  if (options.strategy != "ddp") {
    throw core::Error(
        "--strategy: run_all runs all of them; use //experiments:baseline_ddp, "
        ":all_reduce or :parameter_server for one");
  }
  WaitPassively(options, argv);
  for (const char* strategy : {"ddp", "all_reduce", "parameter_server"}) {
    RunOptions run = WithStrategy(options, strategy);
    if (!run.trace.empty()) run.trace = absl::StrCat(run.trace, ".", strategy, ".json");
    RunExperiment(run);
  }
  core::ThrowIfError(
      analysis::WriteReport(options.output_dir, analysis::Language::kEnglish, std::cout));
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return core::ReportErrors("lockstep", [&] { experiments::RunAll(argc, argv); });
}
