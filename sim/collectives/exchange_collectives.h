#ifndef SIM_COLLECTIVES_EXCHANGE_COLLECTIVES_H_
#define SIM_COLLECTIVES_EXCHANGE_COLLECTIVES_H_

#include <coroutine>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "core/collectives/direct_exchange.h"
#include "core/task.h"
#include "sim/collectives/collectives.h"
#include "sim/collectives/sim_communicator.h"
#include "sim/engine/rank_clock.h"
#include "sim/network/network.h"

namespace sim {

// Collectives by direct exchange, message by message, as the Gloo backend does them: one thread a
// rank, on which a collective's segments are started while those before it are still under way, and
// which adds up; and one that waits for their ends.
class ExchangeCollectives : public Collectives, public TimerHandler {
 public:
  // `network` outlives it. Adding takes a vector's bytes over `add_bytes_per_second`.
  ExchangeCollectives(Network& network, double add_bytes_per_second);

  void Join(CollectiveCall call) override;
  std::vector<Missing> Unfinished() const override;
  // A rank has come to its next call, or is done with adding.
  void OnTimer(uint64_t argument) override;

 private:
  class Sleep;
  struct Open {
    CollectiveCall call;
    std::unique_ptr<core::DirectExchange> exchange;
    std::deque<std::vector<std::byte>> scratch;
    double advanced = 0;  // When all was added up.
  };
  // One rank's thread of collectives.
  struct Runner {
    Runner(Network& network, int rank);

    RankState state;
    SimCommunicator scattering;
    SimCommunicator gathering;
    SimCommunicator opening;            // Few elements travel with what opens a collective.
    std::deque<CollectiveCall> coming;  // Whose time has not come.
    std::deque<CollectiveCall> calls;
    std::deque<Open> open;
    std::deque<Open> advanced;
    int64_t segments = 0;  // Under way.
    core::Task task;
    core::Task end_task;
    std::coroutine_handle<> sleeper;
  };

  static core::Task Work(ExchangeCollectives& collectives, Runner& runner);
  static core::Task End(ExchangeCollectives& collectives, Runner& runner);
  void Begin(Runner& runner, CollectiveCall call);
  void StartAhead(Runner& runner);
  static void StartSegment(Open& open);

  Network& network_;
  const double add_bytes_per_second_;
  std::vector<std::unique_ptr<Runner>> runners_;  // By rank; made at its first call.
};

}  // namespace sim

#endif  // SIM_COLLECTIVES_EXCHANGE_COLLECTIVES_H_
