#include "core/collectives/all_reduce_algorithm.h"

#include "absl/status/status.h"
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
  std::string all;
  const std::vector<std::string>& names = AllReduceAlgorithmNames();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<AllReduceAlgorithm>(i);
    all += (i > 0 ? ", " : "") + names[i];
  }
  return absl::InvalidArgumentError("no all-reduce algorithm '" + std::string(name) +
                                    "': there are " + all);
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
