#ifndef CORE_RECORDS_PROFILE_H_
#define CORE_RECORDS_PROFILE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/replica.h"

namespace core {

// When one parameter's gradient is final.
struct ProfiledGradient {
  int parameter = 0;     // Index in the model's order.
  int64_t elements = 0;  // Float32.
  double ready = 0;      // Seconds after the step's start.
  double spread = 0;     // Interquartile range of `ready` over the steps; 0 if not measured.
};

// What a model's step costs on a machine. A JSON file whose keys are the names below, times with
// "_seconds" added: model, hardware, source, versions, batch_size, parameters, forward_seconds,
// pass_seconds, pass_spread_seconds, update_seconds, accumulate_bytes_per_second, gradients (a list
// of objects with parameter, elements, ready_seconds, spread_seconds). Spreads may be left out.
struct Profile {
  std::string model;
  std::string hardware;
  std::string source;                           // "measured", or "derived from …" and how.
  std::map<std::string, std::string> versions;  // Of what was measured with.
  int batch_size = 0;                           // Images of a step on one rank.
  int64_t parameters = 0;                       // Elements of all gradients together.
  double forward = 0;      // Seconds after the step's start at which backward begins.
  double pass = 0;         // The same, at which backward is over.
  double pass_spread = 0;  // Interquartile range of `pass` over the steps; 0 if not measured.
  double update = 0;       // Seconds to update all parameters.
  double accumulate_bytes_per_second = 0;   // At which a server adds a gradient to a sum.
  std::vector<ProfiledGradient> gradients;  // In the order in which they become final.
};

// Throws core::Error, which names file and key, for anything missing or impossible: sizes that do
// not add up to `parameters`, a parameter twice, times that run backwards.
Profile ReadProfile(const std::string& path);

// By parameter, in the model's order: where it lies in the flat buffers.
std::vector<Extent> ExtentsOf(const Profile& profile);

// Whole or not at all.
absl::Status WriteProfile(const Profile& profile, const std::string& path);

}  // namespace core

#endif  // CORE_RECORDS_PROFILE_H_
