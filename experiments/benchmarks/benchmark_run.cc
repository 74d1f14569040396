#include "experiments/benchmarks/benchmark_run.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/json_object.h"
#include "core/base/process.h"
#include "core/base/statistics.h"
#include "core/records/results.h"
#include "experiments/training/launcher.h"

namespace experiments {
namespace {

constexpr std::ptrdiff_t kFirstSteps = 2;

// What is not finite is null in JSON.
std::vector<double> NumbersFromJson(const nlohmann::json& json) {
  std::vector<double> numbers;
  for (const nlohmann::json& one : json) {
    numbers.push_back(one.is_null() ? std::nan("") : one.get<double>());
  }
  return numbers;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

// Processor seconds that the whole machine has used since it was started, but for our ended
// children's: see proc(5), "/proc/stat".
double OthersProcessorSeconds() {
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, wait = 0, interrupts = 0, soft_interrupts = 0;
  file >> name >> user >> nice >> system >> idle >> wait >> interrupts >> soft_interrupts;
  rusage children;
  getrusage(RUSAGE_CHILDREN, &children);
  return (user + nice + system + interrupts + soft_interrupts) /
             static_cast<double>(sysconf(_SC_CLK_TCK)) -
         Seconds(children.ru_utime) - Seconds(children.ru_stime);
}

std::string LastLine(const std::string& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

// Turns this process into `command`, with its output in the file `log`.
int Become(const BenchmarkCommand& command, const std::string& log) {
  core::Program program = {
      .arguments = command.arguments, .output = log, .errors = log, .no_input = true};
  program.environment.insert(command.environment.begin(), command.environment.end());
  // From here on scripts count the time to their first step.
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  program.environment["BENCH_T0"] = absl::StrFormat("%.6f", now.count());
  const absl::Status status = core::Execute(program);
  absl::FPrintF(stderr, "%s\n", std::string(status.message()));
  return 127;
}

// Scripts keep what was measured apart, in "measure".
void ReadScriptFigures(const std::string& path, BenchmarkRun& run) {
  core::JsonObject file = core::JsonObject::Read(path);
  core::JsonObject measure = file.Object("measure");
  run.step_times = measure.Numbers("step_times", 0);
  run.peak_memory = measure.Numbers("peak_rss_mb", 0);
  for (double& memory : run.peak_memory) memory *= 1 << 20;
  run.first_step = measure.Object("startup").Number("first_step", 0);
}

// The one results file that a run left in its folder.
std::string FindResults(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") return entry.path();
  }
  throw core::Error("it left no results file");
}

BenchmarkRun ReadRun(const BenchmarkCommand& command) {
  const std::string path = FindResults(command.folder);
  const core::Results results = core::ValueOrThrow(core::ReadResults(path));
  BenchmarkRun run{.step_times = results.step_times,
                   .losses = results.all_losses,
                   .peak_memory = results.peak_memory_bytes,
                   .first_step = results.startup_seconds,
                   .configuration = results.configuration};
  if (!results.epochs.empty()) run.breakdown = results.epochs.back().breakdown;
  if (!command.ours) ReadScriptFigures(path, run);
  if (run.step_times.empty()) throw core::Error(path + ": it holds no step times");
  return run;
}

double CountWrong(std::span<const BenchmarkRun> runs, std::optional<double> first_loss) {
  int64_t wrong = 0;
  for (const BenchmarkRun& run : runs) {
    wrong += std::count_if(run.losses.begin(), run.losses.end(),
                           [](double loss) { return !std::isfinite(loss); });
    if (run.losses.empty()) ++wrong;
    if (first_loss && !run.losses.empty()) {
      const double tolerance = 1e-6 * std::max(1.0, std::abs(*first_loss));
      wrong += !(std::abs(run.losses.front() - *first_loss) <= tolerance);
    }
  }
  return static_cast<double>(wrong);
}

}  // namespace

void to_json(nlohmann::json& json, const BenchmarkRun& run) {
  json = {{"step_times", run.step_times},
          {"losses", run.losses},
          {"peak_memory", run.peak_memory},
          {"other_cores", run.other_cores},
          {"configuration", run.configuration}};
  if (run.first_step) json["first_step"] = *run.first_step;
  if (!run.breakdown) return;
  json["bytes"] = run.breakdown->bytes;
  std::vector<double> figures;
  for (const core::StepFigure& figure : core::kStepFigures) {
    figures.push_back((*run.breakdown.*figure.member).count());
  }
  json["breakdown"] = figures;
}

void from_json(const nlohmann::json& json, BenchmarkRun& run) {
  json.at("step_times").get_to(run.step_times);
  run.losses = NumbersFromJson(json.at("losses"));
  json.at("peak_memory").get_to(run.peak_memory);
  json.at("other_cores").get_to(run.other_cores);
  json.at("configuration").get_to(run.configuration);
  if (json.contains("first_step")) run.first_step = json["first_step"].get<double>();
  if (!json.contains("breakdown")) return;
  run.breakdown.emplace();
  json.at("bytes").get_to(run.breakdown->bytes);
  const std::vector<double> figures = NumbersFromJson(json["breakdown"]);
  for (size_t i = 0; i < std::size(core::kStepFigures); ++i) {
    *run.breakdown.*core::kStepFigures[i].member = core::Duration(figures.at(i));
  }
}

std::vector<double> BenchmarkRun::SteadySteps() const {
  return {step_times.begin() + std::min(kFirstSteps, std::ssize(step_times) - 1), step_times.end()};
}

BenchmarkRun RunBenchmarkCommand(const BenchmarkCommand& command) {
  const std::string log = command.folder + "/log";
  std::filesystem::remove_all(command.folder);
  std::filesystem::create_directories(command.folder);
  const double others_before = OthersProcessorSeconds();
  const auto begin = std::chrono::steady_clock::now();
  constexpr std::chrono::seconds kEnding(15);
  const LaunchOutcome outcome = LaunchRanks(1, [&](int) { return Become(command, log); },
                                            {.grace = kEnding, .stopping = kEnding});
  if (outcome.signal) throw Interrupted{*outcome.signal};
  if (outcome.first_failure) {
    throw core::Error(absl::StrCat(outcome.first_failure->cause, ": ", LastLine(log)));
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  BenchmarkRun run = ReadRun(command);
  run.other_cores = std::max(0.0, (OthersProcessorSeconds() - others_before) / wall.count());
  return run;
}

BenchmarkRow MakeRow(const BenchmarkCase& benchmark_case, const BenchmarkOptions& options,
                     const BenchmarkCommand& command, std::span<const BenchmarkRun> runs,
                     std::optional<double> first_loss) {
  BenchmarkRow row{.name = benchmark_case.name, .program = command.program};
  std::vector<double> steps;
  for (const BenchmarkRun& run : runs) {
    const std::vector<double> steady = run.SteadySteps();
    steps.insert(steps.end(), steady.begin(), steady.end());
    for (const double memory : run.peak_memory) {
      row.peak_memory_bytes = std::max(row.peak_memory_bytes.value_or(0), memory);
    }
  }
  const double median = core::Median(steps);
  row.images_per_second = options.batch_size * benchmark_case.training_ranks() / median;
  row.step_seconds = median;
  row.step_spread_seconds = core::InterquartileRange(steps);
  row.steps = static_cast<double>(steps.size());
  row.breakdown = core::MeanOf(runs, &BenchmarkRun::breakdown);
  // On test hosts our ranks count from their own start, which leaves the set-up of the hosts out.
  if (options.rate.empty()) {
    row.first_step_seconds = core::MeanOf(runs, &BenchmarkRun::first_step);
  }
  row.wrong = CountWrong(runs, first_loss);
  row.other_cores = core::MeanOf(runs, &BenchmarkRun::other_cores);
  return row;
}

}  // namespace experiments
