// tools/bazel run //experiments:benchmark
// What a training step costs on this machine, per strategy and number of ranks, and where it goes.

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "backends/images/image_loader.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/flags.h"
#include "core/base/processor_time.h"
#include "core/base/statistics.h"
#include "core/base/temporary_folder.h"
#include "core/base/user_path.h"
#include "experiments/benchmarks/benchmark_case.h"
#include "experiments/benchmarks/benchmark_row.h"
#include "experiments/benchmarks/benchmark_run.h"
#include "experiments/common/commit.h"
#include "experiments/common/finished_parts.h"
#include "tools/make_dataset.h"

namespace experiments {
namespace {

constexpr std::string_view kUsage =
    R"(Times training steps of ResNet-50 on random images, for every strategy and several numbers of ranks.

    tools/bazel run //experiments:benchmark
    tools/bazel run //experiments:benchmark -- --scripts=DIR --python=VENV/bin/python --rounds=3
    sudo bazel-bin/experiments/benchmark --rate=1gbit --only=ddp

With --scripts, single.py, train_ddp.py, train_all_reduce.py and train_ps.py in that folder run in turn
with ours. They take --synthetic --steps --batch-size --image-size --results (and --flat, --channels-last)
and write a results file that holds "measure": {"step_times": [s], "peak_rss_mb": [by rank],
"startup": {"first_step": s since BENCH_T0}}. The column speed-up is ours over theirs in images per second:
the median over the rounds.

compute, exposed, hidden, waiting: where our step goes, mean over ranks and the second half of the steps.
With --output the same command goes on after an interruption, or does again only what failed.
others: cores that other programs kept busy meanwhile; figures beside a busy neighbour are worth little.)";

// Cores that others may use before a row is called disturbed.
constexpr double kQuietCores = 0.3;

// What the row of BenchmarkLoader is called.
constexpr char kLoaderCase[] = "loader, 500 x 375 JPEG to 224 x 224";

// Images that one core turns into training batches per second of processor time, which busy
// neighbours disturb least: median over epochs of a data set that it makes in `folder`, which is
// not there yet.
BenchmarkRow BenchmarkLoader(const std::string& folder, int epochs) {
  core::ThrowIfError(tools::MakeDataset({.path = folder,
                                         .classes = 4,
                                         .training_images = 64,
                                         .validation_images = 1,
                                         .width = 500,
                                         .height = 375}));
  const backends::ImageFolder images = backends::ListImageFolder(folder + "/train");
  backends::ImageLoader loader(images, {.batch_size = 32, .image_size = 224, .workers = 0});
  std::vector<double> throughputs;
  for (int epoch = 0; epoch <= epochs; ++epoch) {  // The first brings the files into memory.
    const double begin = core::ThreadProcessorSeconds();
    int64_t count = 0;
    loader.BeginEpoch(epoch, 0);
    for (int64_t i = 0; i < loader.batches_per_epoch(); ++i) count += loader.Next()->count;
    const double seconds = core::ThreadProcessorSeconds() - begin;
    if (epoch > 0) throughputs.push_back(static_cast<double>(count) / seconds);
  }
  return {.name = kLoaderCase,
          .program = "lockstep, one core",
          .images_per_second = core::Median(throughputs)};
}

// All runs of one program for one case.
struct Series {
  BenchmarkCase benchmark_case;
  BenchmarkCommand command;
  std::vector<BenchmarkRun> runs;
};

class Benchmark {
 public:
  // With `parts`, which outlives this, runs that are done there are not done again.
  Benchmark(const BenchmarkOptions& options, FinishedParts* parts)
      : options_(options), parts_(parts) {
    for (const BenchmarkCase& benchmark_case : BenchmarkCases(options)) {
      for (const BenchmarkCommand& command :
           BenchmarkCommands(benchmark_case, options, folder_.path() + "/run")) {
        series_.push_back({benchmark_case, command, {}});
      }
    }
    loader_ = options.rate.empty() && absl::StrContains(kLoaderCase, options.only);
    if (series_.empty() && !loader_) {
      throw core::Error(absl::StrCat("--only=", options.only, ": no case has that in its name"));
    }
  }

  void Run() {
    for (int round = 1; round <= options_.rounds; ++round) {
      for (size_t i = 0; i < series_.size(); ++i) RunOne(round, i);
    }
    if (loader_) loader_row_ = BenchmarkLoader(folder_.path() + "/images", 3 * options_.rounds);
  }

  std::vector<BenchmarkRow> Rows() const {
    std::vector<BenchmarkRow> rows;
    std::map<int, double> first_losses;  // Of ours, by the number of training ranks.
    const Series* ours = nullptr;
    for (const Series& series : series_) {
      if (series.command.ours) ours = &series;
      if (series.runs.empty()) continue;
      std::optional<double> first_loss;
      if (series.command.ours && !series.runs[0].losses.empty()) {
        const int ranks = series.benchmark_case.training_ranks();
        first_loss = first_losses.try_emplace(ranks, series.runs[0].losses[0]).first->second;
      }
      rows.push_back(
          MakeRow(series.benchmark_case, options_, series.command, series.runs, first_loss));
      if (ours != &series) rows.back().speedup = Speedup(*ours, series);
    }
    if (loader_row_) rows.push_back(*loader_row_);
    return rows;
  }

  const std::vector<std::string>& failures() const { return failures_; }

  // As the runs themselves saw it.
  std::string Machine() const {
    for (const Series& series : series_) {
      if (series.runs.empty() || series.runs[0].configuration.empty()) continue;
      const auto& configuration = series.runs[0].configuration;
      return absl::StrCat(configuration.at("processor"), ", ", configuration.at("cores"), " cores");
    }
    return "unknown machine";
  }

 private:
  void RunOne(int round, size_t index) {
    Series& series = series_[index];
    const std::string what = absl::StrFormat(
        "[%d/%d] %s: %s", (round - 1) * series_.size() + index + 1,
        options_.rounds * series_.size(), series.benchmark_case.name, series.command.program);
    const bool terminal = isatty(STDERR_FILENO) == 1;
    if (terminal) absl::FPrintF(stderr, "%s …", what);
    const char* const start = terminal ? "\r\033[K" : "";
    try {
      const auto run_command = [&] { return RunBenchmarkCommand(series.command); };
      series.runs.push_back(parts_ ? parts_->Once(what, run_command) : run_command());
      const BenchmarkRun& run = series.runs.back();
      absl::FPrintF(stderr, "%s%s: %.0f ms a step\n", start, what,
                    1e3 * core::Median(run.SteadySteps()));
    } catch (const core::Error& error) {
      absl::FPrintF(stderr, "%s%s: FAILED: %s\n", start, what, error.what());
      failures_.push_back(absl::StrCat(series.benchmark_case.name, ": ", series.command.program,
                                       " ", error.what()));
    }
  }

  // Of neighbouring runs, so that what the machine does besides hits both alike.
  static std::optional<double> Speedup(const Series& ours, const Series& theirs) {
    std::vector<double> speedups;
    for (size_t i = 0; i < std::min(ours.runs.size(), theirs.runs.size()); ++i) {
      speedups.push_back(core::Median(theirs.runs[i].SteadySteps()) /
                         core::Median(ours.runs[i].SteadySteps()));
    }
    if (speedups.empty()) return std::nullopt;
    return core::Median(speedups);
  }

  const BenchmarkOptions options_;
  FinishedParts* const parts_;
  const core::TemporaryFolder folder_;
  std::vector<Series> series_;
  bool loader_ = false;
  std::optional<BenchmarkRow> loader_row_;
  std::vector<std::string> failures_;
};

BenchmarkOptions ReadOptions(int argc, char** argv) {
  constexpr int kCountMax = 1'000'000;
  BenchmarkOptions options;
  core::FlagTable flags = {
      {"steps", &options.steps, core::Range(1, kCountMax),
       "steps of a run; the first two are left out"},
      {"rounds", &options.rounds, core::Range(1, kCountMax),
       "times that every case is run, in turn"},
      {"backend", &options.backend, core::OneOf({"gloo", "nccl"}),
       "how our ranks talk: gloo or nccl"},
      {"only", &options.only, "run the cases whose name holds this"},
      {"rate", &options.rate,
       "run four test hosts with links of this rate, such as 1gbit (needs root)"},
      {"scripts", &options.scripts, core::IsPath(), "folder of Python scripts to compare with"},
      {"python", &options.python, "what runs the scripts"},
      {"output", &options.output, core::IsPath(), "write the rows to this JSON file, too"},
  };
  flags.Add(WorkloadFlags(options));
  flags.Read(argc, argv, kUsage);
  if (options.python.find('/') != std::string::npos) {
    options.python = core::UserPath(options.python);
  }
  if (!options.scripts.empty() && !std::filesystem::is_directory(options.scripts)) {
    core::RefuseFlag("scripts", options.scripts, "there is no such folder");
  }
  return options;
}

nlohmann::json SettingsOf(const BenchmarkOptions& options) {
  return {{"steps", options.steps},
          {"backend", options.backend},
          {"rounds", options.rounds},
          {"only", options.only},
          {"rate", options.rate},
          {"scripts", options.scripts},
          {"python", options.python},
          {"batch_size", options.batch_size},
          {"image_size", options.image_size},
          {"threads", options.threads},
          {"device", options.device},
          {"precision", options.precision},
          {"build", COMPILATION_MODE}};
}

void WarnAboutBuild() {
  if (std::string_view(COMPILATION_MODE) == "opt") return;
  absl::PrintF("WARNING: this is a %s build: its timings mean nothing; build with -c opt\n",
               COMPILATION_MODE);
}

int RunAll(int argc, char** argv) {
  const BenchmarkOptions options = ReadOptions(argc, argv);
  WarnAboutBuild();
  std::optional<FinishedParts> parts;
  if (!options.output.empty()) parts.emplace(options.output + ".partial", SettingsOf(options));
  Benchmark benchmark(options, parts ? &*parts : nullptr);
  benchmark.Run();

  const std::vector<BenchmarkRow> rows = benchmark.Rows();
  const std::string work = absl::StrFormat(
      "%s, %s build of commit %s; ResNet-50, %d x %d pixels, batch %d a rank, %s, %s, %s, %d "
      "thread%s a rank",
      benchmark.Machine(), COMPILATION_MODE, Commit(), options.image_size, options.image_size,
      options.batch_size, options.precision, options.device, options.backend, options.threads,
      options.threads == 1 ? "" : "s");
  if (!rows.empty()) absl::PrintF("%s\n\n%s\n", work, FormatTable(rows));
  for (const BenchmarkRow& row : rows) {
    if (row.other_cores.value_or(0) < kQuietCores) continue;
    absl::PrintF("WARNING: other programs used %.1f cores beside \"%s: %s\"\n", *row.other_cores,
                 row.name, row.program);
  }
  WarnAboutBuild();
  if (!options.output.empty()) {
    const nlohmann::json json = {{"work", work}, {"rows", ToJson(rows)}};
    core::ThrowIfError(core::WriteFile(options.output, json.dump(1) + "\n"));
    if (benchmark.failures().empty()) parts->Conclude();
  }
  double wrong = 0;
  for (const BenchmarkRow& row : rows) wrong += row.wrong.value_or(0);
  if (wrong > 0) absl::PrintF("WRONG: %.0f losses are not what they must be\n", wrong);
  for (const std::string& failure : benchmark.failures()) absl::PrintF("FAILED: %s\n", failure);
  return wrong > 0 || !benchmark.failures().empty() ? 1 : 0;
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  try {
    return experiments::RunAll(argc, argv);
  } catch (const experiments::Interrupted& interrupted) {
    absl::FPrintF(stderr, "benchmark: interrupted by signal %d\n", interrupted.signal);
  } catch (const std::exception& error) {
    absl::FPrintF(stderr, "benchmark: %s\n", error.what());
  }
  return 1;
}
