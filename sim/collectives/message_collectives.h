#ifndef SIM_COLLECTIVES_MESSAGE_COLLECTIVES_H_
#define SIM_COLLECTIVES_MESSAGE_COLLECTIVES_H_

#include <deque>
#include <memory>
#include <vector>

#include "core/collectives/all_reduce_algorithm.h"
#include "core/collectives/collective_queue.h"
#include "core/task.h"
#include "sim/collectives/collectives.h"
#include "sim/collectives/sim_communicator.h"
#include "sim/engine/rank_clock.h"
#include "sim/network/network.h"

namespace sim {

// Collectives done by the algorithms of core/collectives, message by message, on channels of their
// own. Direct exchanges as the Gloo backend does them: one thread a rank runs their queue, and adds
// up; another one waits for their ends. The others one by one, and adding up costs them no time.
class MessageCollectives : public Collectives, public TimerHandler {
 public:
  // `network` outlives it. Adding takes a vector's bytes over `add_bytes_per_second`.
  MessageCollectives(Network& network, core::AllReduceOptions options, double add_bytes_per_second);

  void Join(CollectiveCall call) override;
  std::vector<Missing> Unfinished() const override;
  // A rank has come to its next call, or has also added up the oldest that is complete otherwise.
  void OnTimer(uint64_t argument) override;

 private:
  class Exchange;
  struct Advanced {
    std::unique_ptr<core::DirectExchange> exchange;
    double time = 0;  // When all was added up.
  };
  // What a rank has for exchanges besides.
  struct Exchanges {
    Exchanges(Network& network, const RankState& state);

    SimCommunicator gathering;
    SimCommunicator opening;  // Few elements travel with what opens an exchange.
    core::CollectiveQueue queue;
    std::deque<Advanced> advanced;
    std::deque<std::unique_ptr<core::DirectExchange>> complete;  // Up to adding.
    core::Task end_task;
  };
  // One rank's threads.
  struct Runner {
    Runner(Network& network, int rank);

    RankState state;
    SimCommunicator communicator;
    std::deque<CollectiveCall> calls;  // Of exchanges those whose time has not come.
    std::unique_ptr<Exchanges> exchanges;
    core::Task task;
  };

  static core::Task RunExchanges(MessageCollectives& collectives, Runner& runner);
  static core::Task AwaitEnds(MessageCollectives& collectives, Runner& runner);
  static core::Task RunInTurn(MessageCollectives& collectives, Runner& runner);
  core::Task Do(Runner& runner, const CollectiveCall& call) const;

  Network& network_;
  const core::AllReduceOptions options_;
  const double add_bytes_per_second_;
  std::vector<std::unique_ptr<Runner>> runners_;  // By rank; made at its first call.
};

}  // namespace sim

#endif  // SIM_COLLECTIVES_MESSAGE_COLLECTIVES_H_
