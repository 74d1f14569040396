#include "sim/sim_communicator.h"

#include <utility>

namespace sim {

std::shared_ptr<Completion> SimCommunicator::Begin(int parts, core::SpanKind kind,
                                                   int64_t bytes) const {
  return MakeCompletion(parts, state_.timeline, {kind, state_.clock.Now(), {}, bytes});
}

void SimCommunicator::Post(Network::Side side, core::Buffer buffer, int peer, core::SpanKind kind,
                           std::shared_ptr<Completion> completion) {
  network_.Post({.side = side,
                 .rank = state_.rank,
                 .peer = peer,
                 .channel = channel_,
                 .kind = kind,
                 .buffer = buffer,
                 .time = state_.clock.seconds(),
                 .completion = std::move(completion)},
                side == Network::Side::kSend ? sends_ : receives_);
}

core::Work SimCommunicator::Send(core::Buffer source, int to, core::SpanKind kind) {
  std::shared_ptr<Completion> completion = Begin(1, kind, source.bytes());
  Post(Network::Side::kSend, source, to, kind, completion);
  return core::Work(std::move(completion));
}

core::Work SimCommunicator::Receive(core::Buffer target, int from, core::SpanKind kind) {
  std::shared_ptr<Completion> completion = Begin(1, kind, target.bytes());
  Post(Network::Side::kReceive, target, from, kind, completion);
  return core::Work(std::move(completion));
}

core::Work SimCommunicator::Exchange(core::Buffer source, int to, core::Buffer target, int from,
                                     core::SpanKind kind) {
  std::shared_ptr<Completion> completion = Begin(2, kind, source.bytes() + target.bytes());
  Post(Network::Side::kSend, source, to, kind, completion);
  Post(Network::Side::kReceive, target, from, kind, completion);
  return core::Work(std::move(completion));
}

core::Work SimCommunicator::Collective(core::SpanKind kind, core::Buffer data, int root) {
  std::shared_ptr<Completion> completion = Begin(1, kind, data.bytes());
  collectives_->Join({.kind = kind,
                      .data = data,
                      .root = root,
                      .rank = state_.rank,
                      .time = state_.clock.seconds(),
                      .completion = completion});
  return core::Work(std::move(completion));
}

}  // namespace sim
