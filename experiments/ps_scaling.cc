// tools/bazel run //experiments:ps_scaling
// Where a parameter server stops scaling: every strategy on simulated clusters of up to a million
// workers.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "analysis/scaling_report.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/user_path.h"
#include "experiments/common/commit.h"
#include "experiments/common/flag_checks.h"
#include "experiments/common/program.h"
#include "experiments/common/runfiles.h"
#include "experiments/simulation/ps_scaling_study.h"
#include "experiments/simulation/simulation_run.h"

ABSL_FLAG(std::string, output_dir, "results",
          "folder for ps_scaling.json, ps_scaling.txt and plots/ps_scaling_*.png");
ABSL_FLAG(
    std::string, profile, "",
    "JSON profiles of what a step costs, separated by commas; default: those that come along");
ABSL_FLAG(int, workers_max, 65536, "largest number of workers");
ABSL_FLAG(int, plain_workers_max, 1 << 20, "the same, of one parameter server");
ABSL_FLAG(bool, few, false, "only a few points, to try it out");
ABSL_FLAG(int, processes, 0, "simulations at a time; default: as many as there are cores");

namespace experiments {
namespace {

constexpr std::string_view kUsage =
    R"(Simulates one training step of every strategy on star clusters of 1 to 400 Gbit/s with up to 65,536 workers
(a million with one parameter server), with and without stragglers, from profiles of what a step costs on one
machine. Prints where a parameter server stops scaling and where it crosses all-reduce; writes all points,
that text and plots. Takes about two minutes on two cores. //analysis:report shows the same.

    tools/bazel run //experiments:ps_scaling
    tools/bazel run //experiments:ps_scaling -- --profile=FILE,FILE --output-dir=results)";

constexpr const char* kProfiles[] = {"experiments/profiles/resnet50_a100_amp_batch256_derived.json",
                                     "experiments/profiles/resnet50_64px_batch16_float32.json"};

StudyOptions OptionsFromFlags() {
  constexpr int kWorkersMax = 1 << 24;
  StudyOptions options = {
      .workers_max = InRange("workers-max", absl::GetFlag(FLAGS_workers_max), 4, kWorkersMax),
      .plain_workers_max =
          InRange("plain-workers-max", absl::GetFlag(FLAGS_plain_workers_max), 1, kWorkersMax),
      .few = absl::GetFlag(FLAGS_few)};
  const std::string files = absl::GetFlag(FLAGS_profile);
  if (files.empty()) {
    for (const char* file : kProfiles) {
      options.profiles.push_back(core::ReadProfile(ShippedFile(file)));
    }
    return options;
  }
  for (absl::string_view file : absl::StrSplit(files, ',')) {
    options.profiles.push_back(core::ReadProfile(core::UserPath(std::string(file))));
  }
  return options;
}

int Processes() {
  const int processes = InRange("processes", absl::GetFlag(FLAGS_processes), 0, 1024);
  return processes > 0 ? processes : std::max(1, int(std::thread::hardware_concurrency()));
}

// As objects for the file, in the order of the points.
std::vector<nlohmann::ordered_json> Simulate(const std::vector<StudyPoint>& points) {
  // What takes long comes first, so that no process is left with it at the end.
  std::vector<double> costs;
  for (const StudyPoint& point : points) costs.push_back(CostOf(point));
  std::vector<size_t> order(points.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return costs[a] > costs[b]; });
  std::vector<Job> jobs;
  for (size_t i : order) {
    CheckMemory(points[i].simulation, kStudyMessagesMax);
    jobs.push_back(SimulationJob(points[i].simulation, kStudyMessagesMax, ""));
  }
  std::vector<nlohmann::ordered_json> rows(points.size());
  const bool terminal = isatty(STDERR_FILENO) == 1;
  size_t done = 0;
  RunJobs(jobs, {.processes = Processes(), .memory_bytes = static_cast<int64_t>(FreeMemoryBytes())},
          [&](size_t job, const std::string& result) {
            const StudyPoint& point = points[order[job]];
            nlohmann::ordered_json& row = rows[order[job]];
            row = {{"profile", point.profile},
                   {"variant", point.variant},
                   {"gigabits_per_second", point.gigabits_per_second},
                   {"latency_seconds", 2 * point.simulation.cluster.nic.latency},
                   {"straggler_share", point.simulation.cluster.disturbance.straggler_share}};
            row.update(nlohmann::ordered_json::parse(result));
            ++done;
            if (terminal) {
              absl::FPrintF(stderr, "\r[%d/%d] %s\033[K", done, jobs.size(), jobs[job].name);
            }
          });
  if (terminal) std::fputs("\r\033[K", stderr);
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
  ReadFlags(argc, argv, kUsage);
  const auto start = std::chrono::steady_clock::now();
  const StudyOptions options = OptionsFromFlags();
  const std::vector<StudyPoint> points = StudyPoints(options);
  const std::vector<nlohmann::ordered_json> rows = Simulate(points);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;

  const nlohmann::ordered_json json = {{"commit", Commit()},
                                       {"profiles", ProfilesToJson(options.profiles)},
                                       {"straggler_share", kStragglerShare},
                                       {"straggler_factor", kStragglerFactor},
                                       {"wall_seconds", wall.count()},
                                       {"rows", rows}};
  const std::string folder = core::UserPath(absl::GetFlag(FLAGS_output_dir));
  core::ThrowIfError(core::WriteFile(folder + "/ps_scaling.json", json.dump(1) + "\n"));
  const absl::Status reported = analysis::WriteScalingReport(folder, std::cout);
  std::cout << std::flush;
  core::ThrowIfError(reported);
  absl::PrintF("%d points in %.0f s\n", points.size(), wall.count());
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return experiments::ReportErrors("ps_scaling", [&] { experiments::Main(argc, argv); });
}
