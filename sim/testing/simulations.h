#ifndef SIM_TESTING_SIMULATIONS_H_
#define SIM_TESTING_SIMULATIONS_H_

#include <cstdint>
#include <string>
#include <utility>

#include "core/records/profile.h"
#include "core/strategies/strategies.h"
#include "sim/cluster/cluster.h"
#include "sim/simulate.h"

namespace sim::testing {

inline constexpr double kBandwidth = 1.25e9;
inline constexpr double kLatency = 100e-6;  // Of a path.
inline constexpr double kPass = 0.1;
inline constexpr double kUpdate = 0.01;
inline constexpr double kNever = 1e30;              // Bytes per second of what should cost nothing.
inline constexpr int64_t kParameters = 24'000'000;  // Divides by all that is needed here.
inline constexpr double kBytes = 4.0 * kParameters;

inline Cluster Star() { return {.nic = {kBandwidth, kLatency / 2}}; }

// Equal gradients, the last first, evenly over the last two thirds of the pass.
inline core::Profile EvenProfile(int gradients) {
  core::Profile profile{.model = "even",
                        .batch_size = 32,
                        .parameters = kParameters,
                        .forward = kPass / 4,
                        .pass = kPass,
                        .update = kUpdate,
                        .accumulate_bytes_per_second = kNever};
  for (int i = 0; i < gradients; ++i) {
    profile.gradients.push_back({.parameter = gradients - 1 - i,
                                 .elements = kParameters / gradients,
                                 .ready = kPass * (0.25 + 0.75 * (i + 1) / gradients)});
  }
  return profile;
}

inline StrategyFactory Named(const std::string& name) {
  return [name](int) { return std::move(*(*core::StrategyNamed(name))->make({})); };
}

// With what happens by chance.
inline Cluster Disturbed(uint64_t seed) {
  Cluster cluster = Star();
  cluster.disturbance = {.seed = seed,
                         .jitter = 0.1,
                         .straggler_share = 0.2,
                         .straggler_factor = 3,
                         .slow_link_share = 0.2,
                         .slow_link_factor = 10};
  return cluster;
}

}  // namespace sim::testing

#endif  // SIM_TESTING_SIMULATIONS_H_
