#ifndef EXPERIMENTS_VALIDATION_VALIDATION_CASE_H_
#define EXPERIMENTS_VALIDATION_VALIDATION_CASE_H_

#include <memory>
#include <string>
#include <vector>

#include "core/records/profile.h"
#include "core/strategies/strategies.h"
#include "experiments/validation/calibration.h"
#include "experiments/validation/measurement.h"

namespace experiments {

// A profile that is replayed, in a file for the ranks to read.
struct Workload {
  std::string name;
  core::Profile profile;
  std::string path;
};

// A model that takes little time to move: elements divided by `divisor`, and parameters joined by
// `joined` neighbours, so that messages keep a model's range of sizes; a pass takes `pass` seconds.
// Sizes in `profile` are of a real model.
core::Profile Shrink(const core::Profile& profile, int64_t divisor, int joined, double pass);

// What is both measured and predicted.
struct ValidationCase {
  std::string strategy;  // As --strategy names it.
  core::StrategyOptions options;
  int ranks = 2;
  std::string rate;             // "1gbit"
  double bytes_per_second = 0;  // The same.
  const Workload* workload = nullptr;

  std::string label() const;  // "parameter_server, colocated"
  int servers() const;        // That do nothing else.
  int links_at_once() const;  // Links that are busy at the same time, each way.
};

// One rank's strategy.
std::unique_ptr<core::Strategy> MakeStrategy(const ValidationCase& validation_case);

// All cases of these rates and ranks, by rate and ranks.
std::vector<ValidationCase> MakeCases(const std::vector<std::string>& rates,
                                      const std::vector<int>& ranks,
                                      const std::vector<Workload>& workloads);

// "200mbit" as bytes per second.
double BytesPerSecond(const std::string& rate);

// Whether all links that are busy at once leave half of the processor's `cores` free.
bool CoresCarry(const ValidationCase& validation_case, const Calibration& calibration, int cores);

// No step can be shorter: the pass, and what has to cross the busiest link one way, but for what a
// burst lets through.
double LeastSeconds(const ValidationCase& validation_case, const Calibration& calibration);

Measurement MeasurementOf(const ValidationCase& validation_case, int steps);

}  // namespace experiments

#endif  // EXPERIMENTS_VALIDATION_VALIDATION_CASE_H_
