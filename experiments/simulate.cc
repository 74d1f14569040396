// tools/bazel run //experiments:simulate -- --strategy=parameter_server --world-size=2,4,...,65536
// What a training step would cost on a cluster that is only described, and what would hold it up.

#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/records/fields.h"
#include "experiments/common/commit.h"
#include "experiments/simulation/simulation_bottleneck.h"
#include "experiments/simulation/simulation_options.h"
#include "experiments/simulation/simulation_run.h"
#include "experiments/simulation/simulation_table.h"

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

// Remedies with more servers need more memory and messages than what was asked for.
bool Fits(const SimulationCase& simulation) {
  try {
    CheckMemory(simulation, kMessagesMax);
    return true;
  } catch (const core::Error&) {
    return false;
  }
}

// A row for each case that was asked for.
std::vector<core::SimulationRow> Simulate(const SimulationOptions& options) {
  std::vector<SimulationCase> cases = options.cases;
  for (SimulationCase& each : cases) each.trace = options.trace;
  std::vector<std::vector<Remedy>> remedies(options.cases.size());
  for (size_t i = 0; options.bottleneck && i < remedies.size(); ++i) {
    remedies[i] = RemediesFor(options.cases[i]);
    std::erase_if(remedies[i], [](const Remedy& remedy) { return !Fits(remedy.simulation); });
    for (const Remedy& remedy : remedies[i]) cases.push_back(remedy.simulation);
  }
  std::vector<core::SimulationRow> rows = RunSimulations(cases, kMessagesMax, options.processes);
  const core::SimulationRow* remedied = rows.data() + remedies.size();
  for (size_t i = 0; i < remedies.size(); ++i) {
    if (remedies[i].empty()) continue;
    const Bottleneck bottleneck =
        FindBottleneck(rows[i], remedies[i], {remedied, remedies[i].size()});
    rows[i].bottleneck = bottleneck.name;
    rows[i].bottleneck_busy = bottleneck.busy;
    rows[i].bottleneck_sentence = bottleneck.sentence;
    remedied += remedies[i].size();
  }
  rows.resize(remedies.size());
  return rows;
}

void Print(const SimulationOptions& options, const std::vector<core::SimulationRow>& rows) {
  const core::Profile& profile = options.cases[0].profile;
  absl::PrintF("%s\n%s, batch %d a worker, %s (%s)\n\n%s", options.cluster, profile.model,
               profile.batch_size, profile.hardware, profile.source, FormatTable(rows));
  const auto same = [](const core::SimulationRow& a, const core::SimulationRow& b) {
    return a.strategy == b.strategy && a.bottleneck == b.bottleneck;
  };
  // Where the bottleneck is another one than before, and the last of its kind.
  for (size_t i = 0; options.bottleneck && i < rows.size(); ++i) {
    const bool first = i == 0 || !same(rows[i - 1], rows[i]);
    const bool last = i + 1 == rows.size() || !same(rows[i], rows[i + 1]);
    if (!first && !last) continue;
    absl::PrintF("%s%s, %d ranks: %s\n", i == 0 ? "\n" : "", rows[i].strategy, rows[i].world_size,
                 rows[i].bottleneck_sentence.value_or(""));
  }
}

void Write(const SimulationOptions& options, const std::vector<core::SimulationRow>& rows) {
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
  for (const core::SimulationRow& row : rows)
    json["rows"].push_back(core::FieldWriter::ToJson(row));
  core::ThrowIfError(core::WriteFile(options.output, json.dump(1) + "\n"));
}

void Main(int argc, char** argv) {
  const SimulationOptions options = ReadSimulationOptions(argc, argv, kUsage);
  const std::vector<core::SimulationRow> rows = Simulate(options);
  Print(options, rows);
  if (!options.output.empty()) Write(options, rows);
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return core::ReportErrors("simulate", [&] { experiments::Main(argc, argv); });
}
