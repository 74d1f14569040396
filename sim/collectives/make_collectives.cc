#include "sim/collectives/make_collectives.h"

#include "sim/collectives/formula_collectives.h"
#include "sim/collectives/message_collectives.h"

namespace sim {

std::unique_ptr<Collectives> MakeCollectives(CollectiveMode mode, core::AllReduceOptions all_reduce,
                                             Network& network, double add_bytes_per_second) {
  if (mode == CollectiveMode::kFormula) {
    return std::make_unique<FormulaCollectives>(network, all_reduce, add_bytes_per_second);
  }
  return std::make_unique<MessageCollectives>(network, all_reduce, add_bytes_per_second);
}

}  // namespace sim
