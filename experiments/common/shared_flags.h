#ifndef EXPERIMENTS_COMMON_SHARED_FLAGS_H_
#define EXPERIMENTS_COMMON_SHARED_FLAGS_H_

#include <string>

#include "core/base/flags.h"

namespace experiments {

// What a rank computes in a step, and on what: of programs that train, time and measure.
struct Workload {
  int batch_size = 16;  // Images per training rank and step.
  int image_size = 64;  // Pixels, of either side.
  int threads = 1;      // Computing threads per rank.
  std::string device = "cpu";
  std::string precision = "fp32";
};
// `workload` outlives the flags, as do the variables of those that follow.
core::FlagTable WorkloadFlags(Workload& workload);

// Of programs that simulate: processes at a time. Sets the default, the number of cores.
core::Flag ProcessesFlag(int* processes);

}  // namespace experiments

#endif  // EXPERIMENTS_COMMON_SHARED_FLAGS_H_
