// tools/bazel run //experiments:fault_campaign -- --seeds=1..500
// Ranks die, hang, fail, are slow or asked to stop, anywhere in a run.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/flags.h"
#include "core/base/program.h"
#include "core/base/temporary_folder.h"
#include "experiments/faults/campaign.h"
#include "experiments/faults/scenario.h"

namespace experiments {
namespace {

constexpr std::string_view kUsage =
    R"(Runs a tiny model over Gloo again and again, and in each run does something bad to one rank that a seed has
drawn: it is killed, halted, fails, is slow or asked to stop, in any phase. Checks that all others end within 10 s
and name it, that no process is left, and that --resume goes on to the bits of a run to which nothing happened.

    tools/bazel run //experiments:fault_campaign -- --seeds=1..500
    tools/bazel run //experiments:fault_campaign -- --seeds=17          # one alone, with what it prints)";

struct Seeds {
  uint64_t first = 1;
  uint64_t last = 20;
};

absl::StatusOr<std::string> ParseSeeds(const std::string& text, Seeds& seeds) {
  const size_t dots = text.find("..");
  const std::string first = text.substr(0, dots);
  const std::string last = dots == std::string::npos ? first : text.substr(dots + 2);
  if (!absl::SimpleAtoi(first, &seeds.first) || !absl::SimpleAtoi(last, &seeds.last) ||
      seeds.first > seeds.last) {
    return absl::InvalidArgumentError("must be a number, or two with .. between");
  }
  return text;
}

int RunCampaign(int argc, char** argv) {
  Seeds seeds;
  std::string text = "1..20";
  core::FlagTable flags = {{"seeds", &text,
                            [&seeds](const std::string& given) { return ParseSeeds(given, seeds); },
                            "which runs: A..B, or one"}};
  flags.Read(argc, argv, kUsage);

  const core::TemporaryFolder folder;
  Campaign campaign(folder.path());
  const auto start = std::chrono::steady_clock::now();
  std::map<std::string, int> struck;
  std::vector<double> ended_after;
  std::vector<uint64_t> failed;
  const bool terminal = isatty(STDERR_FILENO) == 1;
  for (uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const Scenario scenario = DrawScenario(seed);
    if (terminal) absl::FPrintF(stderr, "\r%s\033[K", Describe(scenario));
    const Verdict verdict = campaign.Run(scenario);
    if (verdict.struck) {
      ++struck[NameOf(scenario.fault.blow)];
      if (scenario.fault.blow != Blow::kDelay) ended_after.push_back(verdict.ended_after);
    }
    if (verdict.problem.empty()) continue;
    failed.push_back(seed);
    absl::PrintF("%s%s: %s\n", terminal ? "\r\033[K" : "", Describe(scenario), verdict.problem);
    std::fflush(stdout);
  }
  if (terminal) std::fputs("\r\033[K", stderr);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::sort(ended_after.begin(), ended_after.end());
  absl::PrintF("%d runs in %.0f s, %d failed\n", seeds.last - seeds.first + 1, seconds,
               failed.size());
  for (const auto& [blow, count] : struck) absl::PrintF("  a rank %s: %d times\n", blow, count);
  if (!ended_after.empty()) {
    absl::PrintF("from the fault to the end of all: median %.2f s, 99 %% within %.2f s\n",
                 ended_after[ended_after.size() / 2], ended_after[ended_after.size() * 99 / 100]);
  }
  for (uint64_t seed : failed) absl::PrintF("again: --seeds=%d\n", seed);
  return failed.empty() ? 0 : 1;
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return core::ReportErrors("lockstep", [&] { return experiments::RunCampaign(argc, argv); });
}
