#ifndef CORE_COLLECTIVES_ALL_REDUCE_ALGORITHM_H_
#define CORE_COLLECTIVES_ALL_REDUCE_ALGORITHM_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/communicator.h"
#include "core/task.h"

namespace core {

enum class AllReduceAlgorithm {
  kSegmentedRing,
  kRing,
  kHalvingDoubling,
  kDoubleTree,
  kDirectExchange
};

// As a flag names them: "segmented_ring", …
const std::vector<std::string>& AllReduceAlgorithmNames();
std::string_view Name(AllReduceAlgorithm algorithm);
// An unknown name is an error that lists all.
absl::StatusOr<AllReduceAlgorithm> AllReduceAlgorithmNamed(std::string_view name);

struct AllReduceOptions {
  AllReduceAlgorithm algorithm = AllReduceAlgorithm::kSegmentedRing;
  int ranks_per_host = 1;  // kDoubleTree: chains inside hosts.
};

// Leaves the sum over ranks in `data` of all, the same bits. kFloat32 or kFloat64.
Task RunAllReduce(AllReduceOptions options, Communicator& communicator, Buffer data);

}  // namespace core

#endif  // CORE_COLLECTIVES_ALL_REDUCE_ALGORITHM_H_
