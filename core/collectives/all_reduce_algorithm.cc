#include "core/collectives/all_reduce_algorithm.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "core/collectives/double_tree.h"
#include "core/collectives/halving_doubling.h"
#include "core/collectives/message_exchange.h"
#include "core/collectives/segmented_ring.h"

namespace core {

const std::vector<std::string>& AllReduceAlgorithmNames() {
  static const auto& names = *new std::vector<std::string>{
      "segmented_ring", "ring", "halving_doubling", "double_tree", "direct_exchange"};
  return names;
}

std::string_view Name(AllReduceAlgorithm algorithm) {
  return AllReduceAlgorithmNames()[static_cast<size_t>(algorithm)];
}

absl::StatusOr<AllReduceAlgorithm> AllReduceAlgorithmNamed(std::string_view name) {
  const std::vector<std::string>& names = AllReduceAlgorithmNames();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<AllReduceAlgorithm>(found - names.begin());
  return absl::InvalidArgumentError("no all-reduce algorithm '" + std::string(name) +
                                    "': there are " + absl::StrJoin(names, ", "));
}

Task RunAllReduce(AllReduceOptions options, Communicator& communicator, Buffer data) {
  switch (options.algorithm) {
    case AllReduceAlgorithm::kSegmentedRing:
      return SegmentedRingAllReduce(communicator, data);
    case AllReduceAlgorithm::kRing:
      return RingAllReduce(communicator, data);
    case AllReduceAlgorithm::kHalvingDoubling:
      return HalvingDoublingAllReduce(communicator, data);
    case AllReduceAlgorithm::kDoubleTree:
      return DoubleTreeAllReduce(communicator, data, options.ranks_per_host);
    case AllReduceAlgorithm::kDirectExchange:
      return DirectExchangeAllReduce(communicator, data);
  }
  return RingAllReduce(communicator, data);
}

}  // namespace core
