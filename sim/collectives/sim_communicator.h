#ifndef SIM_COLLECTIVES_SIM_COMMUNICATOR_H_
#define SIM_COLLECTIVES_SIM_COMMUNICATOR_H_

#include "core/communicator.h"
#include "core/timeline.h"
#include "sim/collectives/collectives.h"
#include "sim/engine/rank_clock.h"
#include "sim/network/network.h"

namespace sim {

// A rank's way to the others in a simulated world. All arguments outlive it.
class SimCommunicator : public core::Communicator {
 public:
  SimCommunicator(Network& network, Collectives* collectives, const RankState& state)
      : SimCommunicator(network, collectives, Network::Channel::kMessages, state) {}
  // One for messages only, of that channel.
  SimCommunicator(Network& network, Network::Channel channel, const RankState& state)
      : SimCommunicator(network, nullptr, channel, state) {}

  int rank() const override { return state_.rank; }
  int size() const override { return network_.topology().ranks(); }

  core::Work Start(const core::CollectiveCall& call) override;
  core::Work Send(core::Buffer source, int to, core::SpanKind kind) override {
    return Message(Network::Side::kSend, source, to, kind);
  }
  core::Work Receive(core::Buffer target, int from, core::SpanKind kind) override {
    return Message(Network::Side::kReceive, target, from, kind);
  }
  core::Work Exchange(core::Buffer source, int to, core::Buffer target, int from,
                      core::SpanKind kind) override;

 private:
  SimCommunicator(Network& network, Collectives* collectives, Network::Channel channel,
                  const RankState& state)
      : network_(network), collectives_(collectives), channel_(channel), state_(state) {}

  core::Work Message(Network::Side side, core::Buffer buffer, int peer, core::SpanKind kind);
  Completion& Begin(int parts, core::SpanKind kind, int64_t bytes) const;
  void Post(Network::Side side, core::Buffer buffer, int peer, core::SpanKind kind,
            Completion& completion);

  Network& network_;
  Collectives* const collectives_;
  const Network::Channel channel_;
  const RankState& state_;
  Network::Hint sends_;
  Network::Hint receives_;
};

}  // namespace sim

#endif  // SIM_COLLECTIVES_SIM_COMMUNICATOR_H_
