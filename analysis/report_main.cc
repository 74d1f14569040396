// Compares what the runs of the experiments left behind:
//     tools/bazel run //analysis:report -- --results=results
#include <iostream>
#include <optional>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "analysis/report.h"
#include "core/base/flags.h"
#include "core/base/user_path.h"

ABSL_FLAG(std::string, results, "results",
          "folder with the results files of runs: results_baseline_ddp.json, results_ps.json, ...; "
          "the report and the plots are written there too");
ABSL_FLAG(std::string, language, "en", "language of the text: en (English) or zh (Chinese)");

namespace {

constexpr char kUsage[] =
    R"(Compares the runs whose results lie in a folder: prints a table of throughput, times, communication,
accuracy and speed-up and how far the loss curves lie apart, and writes performance_report.txt (every
epoch of every method) and plots/*.png into that folder. Reads the result files of the Python scripts too.

Examples:
  tools/bazel run //analysis:report -- --results=results
  tools/bazel run //analysis:report -- --results=/data/runs/monday --language=zh
)";

absl::Status Main(int argc, char** argv) {
  const auto arguments = core::ParseFlags(argc, argv, kUsage);
  if (!arguments.ok()) return arguments.status();
  if (!arguments->empty()) {
    return absl::InvalidArgumentError(absl::StrCat("unexpected argument \"", arguments->front(),
                                                   "\": name the folder by --results=FOLDER"));
  }
  const std::string name = absl::GetFlag(FLAGS_language);
  const std::optional<analysis::Language> language = analysis::LanguageOf(name);
  if (!language) {
    return absl::InvalidArgumentError(absl::StrCat("--language=", name, " is not known: en or zh"));
  }
  return analysis::WriteReport(core::UserPath(absl::GetFlag(FLAGS_results)), *language, std::cout);
}

}  // namespace

int main(int argc, char** argv) {
  const absl::Status status = Main(argc, argv);
  std::cout << std::flush;
  if (status.ok()) return 0;
  std::cerr << "report: " << status.message() << std::endl;
  return 1;
}
