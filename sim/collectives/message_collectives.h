#ifndef SIM_COLLECTIVES_MESSAGE_COLLECTIVES_H_
#define SIM_COLLECTIVES_MESSAGE_COLLECTIVES_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "core/collectives/all_reduce_algorithm.h"
#include "core/task.h"
#include "sim/collectives/collectives.h"
#include "sim/collectives/sim_communicator.h"
#include "sim/engine/rank_clock.h"
#include "sim/network/network.h"

namespace sim {

// Collectives done by the algorithms of core/algorithms, message by message, on a channel of their
// own. Adding up costs no time.
class MessageCollectives : public Collectives {
 public:
  // `network` outlives it.
  MessageCollectives(Network& network, core::AllReduceOptions options);

  void Join(CollectiveCall call) override;
  std::vector<Missing> Unfinished() const override;

 private:
  // One rank's thread of collectives.
  struct Runner {
    Runner(Network& network, int rank);

    RankState state;
    SimCommunicator communicator;
    std::deque<CollectiveCall> calls;
    core::Task task;
  };

  static core::Task Work(MessageCollectives& collectives, Runner& runner);
  core::Task Do(Runner& runner, const CollectiveCall& call) const;

  Network& network_;
  const core::AllReduceOptions options_;
  std::vector<std::unique_ptr<Runner>> runners_;  // By rank; made at its first call.
};

}  // namespace sim

#endif  // SIM_COLLECTIVES_MESSAGE_COLLECTIVES_H_
