#include "experiments/common/shared_flags.h"

#include <algorithm>
#include <thread>

namespace experiments {

core::FlagTable WorkloadFlags(Workload& workload) {
  return {
      {"batch_size", &workload.batch_size, core::Range(1, 65536),
       "images per training rank and step"},
      {"image_size", &workload.image_size, core::Range(32, 4096),
       "side of the training images in pixels"},
      {"threads", &workload.threads, core::Range(1, 1024), "computing threads per rank"},
      {"device", &workload.device, core::OneOf({"cpu", "cuda"}),
       "what ranks compute on: cpu or cuda, a GPU each"},
      {"precision", &workload.precision, core::OneOf({"fp32", "bf16"}), "fp32, or bf16 (autocast)"},
  };
}

core::Flag ProcessesFlag(int* processes) {
  *processes = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return {"processes", processes, core::Range(1, 1024), "simulations at a time",
          "as many as there are cores"};
}

}  // namespace experiments
