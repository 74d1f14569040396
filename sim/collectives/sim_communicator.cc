#include "sim/collectives/sim_communicator.h"

namespace sim {

Completion& SimCommunicator::Begin(int parts, core::SpanKind kind, int64_t bytes) const {
  return MakeCompletion(parts, state_.timeline, {kind, state_.clock.Now(), {}, bytes});
}

void SimCommunicator::Post(Network::Side side, core::Buffer buffer, int peer, core::SpanKind kind,
                           Completion& completion) {
  network_.Post({.side = side,
                 .rank = state_.rank,
                 .peer = peer,
                 .channel = channel_,
                 .kind = kind,
                 .buffer = buffer,
                 .time = state_.clock.seconds(),
                 .part = Part(completion)},
                side == Network::Side::kSend ? sends_ : receives_);
}

core::Work SimCommunicator::Message(Network::Side side, core::Buffer buffer, int peer,
                                    core::SpanKind kind) {
  Completion& completion = Begin(1, kind, buffer.bytes());
  core::Work work(completion);
  Post(side, buffer, peer, kind, completion);
  return work;
}

core::Work SimCommunicator::Exchange(core::Buffer source, int to, core::Buffer target, int from,
                                     core::SpanKind kind) {
  Completion& completion = Begin(2, kind, source.bytes() + target.bytes());
  core::Work work(completion);
  Post(Network::Side::kSend, source, to, kind, completion);
  Post(Network::Side::kReceive, target, from, kind, completion);
  return work;
}

core::Work SimCommunicator::Start(const core::CollectiveCall& call) {
  Completion& completion = Begin(1, call.kind, call.data.bytes());
  core::Work work(completion);
  collectives_->Join({call, state_.rank, state_.clock.seconds(), Part(completion)});
  return work;
}

}  // namespace sim
