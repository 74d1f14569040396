#ifndef SIM_COLLECTIVES_FORMULA_COLLECTIVES_H_
#define SIM_COLLECTIVES_FORMULA_COLLECTIVES_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "sim/collectives/collectives.h"
#include "sim/cost/collective_cost.h"
#include "sim/network/network.h"

namespace sim {

// Collectives that take what CollectiveCost says once the last rank has joined and the one before
// is over: for worlds in which messages are too many. They take no notice of other traffic.
class FormulaCollectives : public Collectives, public TimerHandler {
 public:
  // `network` outlives it. Adding takes a vector's bytes over `add_bytes_per_second`.
  FormulaCollectives(Network& network, core::AllReduceOptions options, double add_bytes_per_second);

  void Join(CollectiveCall call) override;
  std::vector<Missing> Unfinished() const override;
  void OnTimer(uint64_t argument) override;

 private:
  struct Collective {
    core::SpanKind kind;
    int64_t bytes;
    int root;
    double start = 0;  // Of the last rank so far.
    std::vector<CollectiveCall> calls;
  };

  void CheckSame(const Collective& collective, const CollectiveCall& call) const;
  void Begin(int64_t index);

  Network& network_;
  const CollectiveCost cost_;
  std::vector<int64_t> joined_;         // By rank: how many.
  std::deque<Collective> collectives_;  // Not finished; the first is number `first_`.
  int64_t first_ = 0;
  double end_ = 0;  // Of the last that has begun.
};

}  // namespace sim

#endif  // SIM_COLLECTIVES_FORMULA_COLLECTIVES_H_
