// tools/bazel run //experiments:simulate -- --strategy=parameter_server --world-size=2,4,...,65536
// What a training step would cost on a cluster that is only described, and what would hold it up.

#include <unistd.h>

#include <cstdio>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "experiments/common/commit.h"
#include "experiments/simulation/simulation_bottleneck.h"
#include "experiments/simulation/simulation_options.h"
#include "experiments/simulation/simulation_run.h"

namespace experiments {
namespace {

constexpr std::string_view kUsage =
    R"(Runs a training strategy in virtual time, on a cluster that is described and with a model's step as it was
measured on one machine, and says what holds it up.

    tools/bazel run //experiments:simulate -- --strategy=parameter_server --world-size=2,4,...,65536
    tools/bazel run //experiments:simulate -- --strategy=ddp,parameter_server --servers=4 --bandwidth=25Gbps
    tools/bazel run //experiments:simulate -- --cluster=FILE --profile=FILE --trace=trace.json --world-size=8

Columns: step, compute, communication and exposed are virtual times of a worker, means over workers and
steps; exposed is communication during which the worker computes nothing. Efficiency compares with workers
that need not keep in step. The bottleneck is the resource of which twice as much, simulated, takes most off
the step. Events, wall time and memory are the simulation's own.)";

// The run that was asked for, and those that tell its bottleneck.
struct Task {
  size_t row = 0;
  SimulationCase simulation;
};

// Remedies with more servers need more memory and messages than what was asked for.
bool Fits(const SimulationCase& simulation) {
  try {
    CheckMemory(simulation, kMessagesMax);
    return true;
  } catch (const core::Error&) {
    return false;
  }
}

class Simulations {
 public:
  explicit Simulations(SimulationOptions options)
      : options_(std::move(options)), rows_(options_.cases.size()), remedies_(rows_.size()) {
    for (size_t i = 0; i < rows_.size(); ++i) tasks_.push_back({i, options_.cases[i]});
    for (size_t i = 0; options_.bottleneck && i < rows_.size(); ++i) {
      remedies_[i] = RemediesFor(options_.cases[i]);
      std::erase_if(remedies_[i], [](const Remedy& remedy) { return !Fits(remedy.simulation); });
      for (const Remedy& remedy : remedies_[i]) tasks_.push_back({i, remedy.simulation});
    }
    results_.resize(tasks_.size());
  }

  void Run() {
    std::vector<Job> jobs;
    for (size_t i = 0; i < tasks_.size(); ++i) {
      const bool asked = i < rows_.size();
      if (asked) CheckMemory(tasks_[i].simulation, kMessagesMax);
      jobs.push_back(
          SimulationJob(tasks_[i].simulation, kMessagesMax, asked ? options_.trace : ""));
    }
    const JobLimits limits = {.processes = options_.processes,
                              .memory_bytes = static_cast<int64_t>(FreeMemoryBytes())};
    RunJobs(jobs, limits, [&](size_t job, const std::string& result) {
      results_[job] = SimulationRowFrom(nlohmann::ordered_json::parse(result));
      ShowProgress(jobs[job].name);
    });
    if (terminal_) std::fputs("\r\033[K", stderr);
    AddBottlenecks();
  }

  const std::vector<SimulationRow>& rows() const { return rows_; }

 private:
  void ShowProgress(const std::string& name) {
    ++done_;
    if (!terminal_) return;
    absl::FPrintF(stderr, "\r[%d/%d] %s\033[K", done_, tasks_.size(), name);
  }

  void AddBottlenecks() {
    size_t next = rows_.size();
    for (size_t i = 0; i < rows_.size(); ++i) {
      rows_[i] = results_[i];
      const std::span<const SimulationRow> remedied(results_.data() + next, remedies_[i].size());
      next += remedies_[i].size();
      if (remedied.empty()) continue;
      const Bottleneck bottleneck =
          FindBottleneck(options_.cases[i], rows_[i], remedies_[i], remedied);
      rows_[i].bottleneck = bottleneck.name;
      rows_[i].bottleneck_busy = bottleneck.busy;
      rows_[i].bottleneck_sentence = bottleneck.sentence;
    }
  }

  const SimulationOptions options_;
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  std::vector<Task> tasks_;
  std::vector<SimulationRow> results_;  // Of the tasks.
  std::vector<SimulationRow> rows_;
  std::vector<std::vector<Remedy>> remedies_;  // Of each row.
  size_t done_ = 0;
};

void Print(const SimulationOptions& options, const std::vector<SimulationRow>& rows) {
  const core::Profile& profile = options.cases[0].profile;
  absl::PrintF("%s\n%s, batch %d a worker, %s (%s)\n\n%s", options.cluster, profile.model,
               profile.batch_size, profile.hardware, profile.source, FormatTable(rows));
  const auto same = [](const SimulationRow& a, const SimulationRow& b) {
    return a.strategy == b.strategy && a.bottleneck == b.bottleneck;
  };
  // Where the bottleneck is another one than before, and the last of its kind.
  for (size_t i = 0; options.bottleneck && i < rows.size(); ++i) {
    const bool first = i == 0 || !same(rows[i - 1], rows[i]);
    const bool last = i + 1 == rows.size() || !same(rows[i], rows[i + 1]);
    if (!first && !last) continue;
    absl::PrintF("%s%s, %d ranks: %s\n", i == 0 ? "\n" : "", rows[i].strategy, rows[i].world_size,
                 rows[i].bottleneck_sentence);
  }
}

void Write(const SimulationOptions& options, const std::vector<SimulationRow>& rows) {
  const SimulationCase& first = options.cases[0];
  nlohmann::ordered_json json = {
      {"commit", Commit()},
      {"cluster", options.cluster},
      {"seed", first.cluster.disturbance.seed},
      {"model", first.profile.model},
      {"hardware", first.profile.hardware},
      {"profile_source", first.profile.source},
      {"batch_size", first.profile.batch_size},
      {"steps", first.steps},
      {"all_reduce", std::string(core::Name(first.all_reduce.algorithm))}};
  for (const SimulationRow& row : rows) json["rows"].push_back(ToJson(row));
  core::ThrowIfError(core::WriteFile(options.output, json.dump(1) + "\n"));
}

void Main(int argc, char** argv) {
  const SimulationOptions options = ReadSimulationOptions(argc, argv, kUsage);
  Simulations simulations(options);
  simulations.Run();
  Print(options, simulations.rows());
  if (!options.output.empty()) Write(options, simulations.rows());
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return core::ReportErrors("simulate", [&] { experiments::Main(argc, argv); });
}
