#ifndef SIM_COLLECTIVES_MAKE_COLLECTIVES_H_
#define SIM_COLLECTIVES_MAKE_COLLECTIVES_H_

#include <memory>

#include "core/collectives/all_reduce_algorithm.h"
#include "sim/collectives/collectives.h"
#include "sim/network/network.h"

namespace sim {

enum class CollectiveMode {
  kMessages,  // Every message of the algorithm.
  kFormula,   // CollectiveCost, once the last rank has joined.
};

// `network` outlives them. Where it takes time at all, adding takes a vector's bytes over
// `add_bytes_per_second`.
std::unique_ptr<Collectives> MakeCollectives(CollectiveMode mode, core::AllReduceOptions all_reduce,
                                             Network& network, double add_bytes_per_second);

}  // namespace sim

#endif  // SIM_COLLECTIVES_MAKE_COLLECTIVES_H_
