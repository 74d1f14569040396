#ifndef ANALYSIS_DATA_SCALING_H_
#define ANALYSIS_DATA_SCALING_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/records/simulation_row.h"

namespace analysis {

// Numbers of workers that reports show.
inline constexpr int kShownWorkers[] = {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536};

// What a step costs without others, of the profile that simulated points stand on.
struct ScalingProfile {
  std::string model, hardware, source;
  double batch_size = 0;  // Of a worker.
  double gradient_bytes = 0;
  double pass_seconds = 0;
  double update_seconds = 0;
  double accumulate_bytes_per_second = 0;

  // Images per second of one worker that need not keep in step.
  double images_per_second_alone() const { return batch_size / (pass_seconds + update_seconds); }
};

// How one strategy scales on one kind of cluster, by workers.
struct ScalingCurve {
  size_t profile = 0;
  std::string variant;  // "parameter_server, 4 servers".
  double gigabits_per_second = 0;
  bool stragglers = false;
  std::vector<core::SimulationRow> points;

  // Whether workers pull and push.
  bool HasServers() const;
  // Servers that do nothing else, where they are as many at every point and nothing of pull and
  // push is hidden behind computing; else 0.
  double ServersInTurn() const;
  // The point of so many workers, if there is one.
  const core::SimulationRow* At(int workers) const;
};

// The study of how strategies scale: the file ps_scaling.json.
struct ScalingStudy {
  std::vector<ScalingProfile> profiles;
  std::vector<ScalingCurve> curves;
  double straggler_share = 0;
  double straggler_factor = 0;
  double wall_seconds = 0;
  std::string commit;  // Of the program; empty if the file does not say.

  struct Key {
    size_t profile = 0;
    std::string variant;
    double gigabits_per_second = 0;
    bool stragglers = false;
  };
  const ScalingCurve* Find(const Key& key) const;
  const ScalingCurve& AnyOf(const std::string& variant) const;  // Of those that there are.
  std::vector<std::string> Variants() const;  // In the file's order of curves, each once.
  std::vector<double> Bandwidths() const;     // Gbit/s, ascending.
};

// Throws core::Error, which names file and key.
ScalingStudy ReadScalingStudy(const std::string& path);

// The study that ps_scaling.json in `directory` holds; nothing if there is no such file. An error
// names file and key.
absl::StatusOr<std::optional<ScalingStudy>> LoadScalingStudy(const std::string& directory);

// Workers that the servers of `curve` can feed at most: its greatest throughput over that of one
// worker alone.
double KneeOf(const ScalingStudy& study, const ScalingCurve& curve);

// The same if only the links counted of servers that are pulled from and pushed to in turn:
// C·B·S/(2M), with C a worker's computing time, B the bandwidth in bytes per second, S servers, M
// the gradients' bytes.
double KneeOfLinks(const ScalingProfile& profile, double gigabits_per_second, double servers);

}  // namespace analysis

#endif  // ANALYSIS_DATA_SCALING_H_
