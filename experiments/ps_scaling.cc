// tools/bazel run //experiments:ps_scaling
// Where a parameter server stops scaling: every strategy on simulated clusters of up to a million
// workers.

#include <chrono>
#include <iostream>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "analysis/report.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/flags.h"
#include "core/base/program.h"
#include "core/base/user_path.h"
#include "core/records/fields.h"
#include "experiments/common/commit.h"
#include "experiments/common/finished_parts.h"
#include "experiments/common/runfiles.h"
#include "experiments/common/shared_flags.h"
#include "experiments/simulation/ps_scaling_study.h"
#include "experiments/simulation/simulation_run.h"

namespace experiments {
namespace {

constexpr std::string_view kUsage =
    R"(Simulates one training step of every strategy on star clusters of 1 to 400 Gbit/s with up to 65,536 workers
(a million with one parameter server), with and without stragglers, from profiles of what a step costs on one
machine. Prints where a parameter server stops scaling and where it crosses all-reduce; writes all points,
that text and plots. Takes about two minutes on two cores; after an interruption the same command goes on.
//analysis:report shows the same.

    tools/bazel run //experiments:ps_scaling
    tools/bazel run //experiments:ps_scaling -- --profile=FILE,FILE --output-dir=results)";

constexpr const char* kProfiles[] = {"experiments/profiles/resnet50_a100_amp_batch256_derived.json",
                                     "experiments/profiles/resnet50_64px_batch16_float32.json"};

struct Options {
  StudyOptions study;
  std::string output_dir = "results";
  int processes = 1;
};

Options ReadOptions(int argc, char** argv) {
  constexpr int kWorkersMax = 1 << 24;
  Options options;
  std::string files;
  core::FlagTable flags = {
      {"output_dir", &options.output_dir, core::IsPath(),
       "folder for ps_scaling.json, ps_scaling.txt and plots/ps_scaling_*.png"},
      {"profile", &files, "JSON profiles of what a step costs, separated by commas",
       "those that come along"},
      {"workers_max", &options.study.workers_max, core::Range(4, kWorkersMax),
       "largest number of workers"},
      {"plain_workers_max", &options.study.plain_workers_max, core::Range(1, kWorkersMax),
       "the same, of one parameter server"},
      {"few", &options.study.few, "only a few points, to try it out"},
      ProcessesFlag(&options.processes),
  };
  flags.Read(argc, argv, kUsage);
  for (absl::string_view file : absl::StrSplit(files, ',', absl::SkipEmpty())) {
    options.study.profiles.push_back(core::ReadProfile(core::UserPath(std::string(file))));
  }
  if (!options.study.profiles.empty()) return options;
  for (const char* file : kProfiles) {
    options.study.profiles.push_back(core::ReadProfile(ShippedFile(file)));
  }
  return options;
}

// As objects for the file, in the order of the points.
std::vector<nlohmann::ordered_json> Simulate(const std::vector<StudyPoint>& points, int processes,
                                             FinishedParts& parts) {
  std::vector<SimulationCase> cases;
  for (const StudyPoint& point : points) cases.push_back(point.simulation);
  const std::vector<core::SimulationRow> results =
      RunSimulations(cases, kStudyMessagesMax, processes, &parts);
  std::vector<nlohmann::ordered_json> rows;
  for (size_t i = 0; i < points.size(); ++i) {
    const StudyPoint& point = points[i];
    rows.push_back({{"profile", point.profile},
                    {"variant", point.variant},
                    {"gigabits_per_second", point.gigabits_per_second},
                    {"latency_seconds", 2 * point.simulation.cluster.nic.latency},
                    {"straggler_share", point.simulation.cluster.disturbance.straggler_share}});
    rows.back().update(core::FieldWriter::ToJson(results[i]));
  }
  return rows;
}

nlohmann::ordered_json ProfilesToJson(const std::vector<core::Profile>& profiles) {
  nlohmann::ordered_json json;
  for (const core::Profile& profile : profiles) {
    json.push_back({{"model", profile.model},
                    {"hardware", profile.hardware},
                    {"source", profile.source},
                    {"batch_size", profile.batch_size},
                    {"gradient_bytes", 4 * profile.parameters},
                    {"pass_seconds", profile.pass},
                    {"update_seconds", profile.update},
                    {"accumulate_bytes_per_second", profile.accumulate_bytes_per_second}});
  }
  return json;
}

void Main(int argc, char** argv) {
  const auto start = std::chrono::steady_clock::now();
  const Options options = ReadOptions(argc, argv);
  const std::vector<StudyPoint> points = StudyPoints(options.study);
  const nlohmann::ordered_json profiles = ProfilesToJson(options.study.profiles);
  FinishedParts parts(options.output_dir + "/ps_scaling.partial",
                      {{"profiles", profiles},
                       {"workers_max", options.study.workers_max},
                       {"plain_workers_max", options.study.plain_workers_max},
                       {"few", options.study.few}});
  const std::vector<nlohmann::ordered_json> rows = Simulate(points, options.processes, parts);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;

  const nlohmann::ordered_json json = {{"commit", Commit()},
                                       {"profiles", profiles},
                                       {"straggler_share", kStragglerShare},
                                       {"straggler_factor", kStragglerFactor},
                                       {"wall_seconds", wall.count()},
                                       {"rows", rows}};
  core::ThrowIfError(core::WriteFile(options.output_dir + "/ps_scaling.json", json.dump(1) + "\n"));
  parts.Conclude();
  const absl::Status reported = analysis::WriteScalingReport(options.output_dir, std::cout);
  std::cout << std::flush;
  core::ThrowIfError(reported);
  absl::PrintF("%d points in %.0f s\n", points.size(), wall.count());
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return core::ReportErrors("ps_scaling", [&] { experiments::Main(argc, argv); });
}
