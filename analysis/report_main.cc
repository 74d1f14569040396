// Compares what the runs of the experiments left behind:
//     tools/bazel run //analysis:report -- --results=results
#include <iostream>
#include <string>

#include "analysis/report.h"
#include "analysis/text/phrases.h"
#include "core/base/error.h"
#include "core/base/flags.h"
#include "core/base/program.h"

namespace {

constexpr char kUsage[] =
    R"(Compares the runs whose results lie in a folder: prints a table of throughput, times, communication,
accuracy and speed-up and how far the loss curves lie apart, and writes performance_report.txt (every
epoch of every method) and plots/*.png into that folder. Reads the result files of the Python scripts too.

Examples:
  tools/bazel run //analysis:report -- --results=results
  tools/bazel run //analysis:report -- --results=/data/runs/monday --language=zh
)";

void Main(int argc, char** argv) {
  std::string results = "results";
  std::string language = "en";
  core::FlagTable flags = {
      {"results", &results, core::IsPath(),
       "folder with the results files of runs: results_baseline_ddp.json, results_ps.json, ...; "
       "the "
       "report and the plots are written there too"},
      {"language", &language, core::OneOf({"en", "zh"}),
       "language of the text: en (English) or zh (Chinese)"},
  };
  flags.Read(argc, argv, kUsage);
  using analysis::Language;
  core::ThrowIfError(analysis::WriteReport(
      results, language == "zh" ? Language::kChinese : Language::kEnglish, std::cout));
}

}  // namespace

int main(int argc, char** argv) {
  return core::ReportErrors("report", [&] { Main(argc, argv); });
}
