#include "sim/collectives/message_collectives.h"

#include <utility>

#include "core/collectives/broadcast.h"
#include "core/collectives/ring.h"

namespace sim {
namespace {

// Scratch for a collective on `data`: elements where the data has some, else a size only.
class Scratch {
 public:
  Scratch(core::Buffer data, int64_t count)
      : values_(data.data ? static_cast<size_t>(count * core::SizeOf(data.type)) : 0),
        buffer_{data.data ? values_.data() : nullptr, count, data.type} {}
  core::Buffer buffer() const { return buffer_; }

 private:
  std::vector<std::byte> values_;
  const core::Buffer buffer_;
};

core::Task AllReduce(SimCommunicator& communicator, core::AllReduceOptions options,
                     core::Buffer data) {
  const Scratch scratch(
      data, core::AllReduceScratchCount(options, data.count, data.type, communicator.size()));
  co_await core::RunAllReduce(options, communicator, data, scratch.buffer());
}

core::Task ReduceScatter(SimCommunicator& communicator, core::Buffer data) {
  const Scratch scratch(data, core::RingScratchCount(data.count, communicator.size()));
  co_await core::RingReduceScatter(communicator, data, scratch.buffer());
}

}  // namespace

MessageCollectives::Runner::Runner(Network& network, int rank)
    : state(network.engine(), rank), communicator(network, Network::Channel::kCollectives, state) {}

MessageCollectives::MessageCollectives(Network& network, core::AllReduceOptions options)
    : network_(network), options_(options) {}

void MessageCollectives::Join(CollectiveCall call) {
  runners_.resize(static_cast<size_t>(network_.topology().ranks()));
  std::unique_ptr<Runner>& slot = runners_[static_cast<size_t>(call.rank)];
  if (!slot) slot = std::make_unique<Runner>(network_, call.rank);
  Runner& runner = *slot;
  runner.calls.push_back(std::move(call));
  if (runner.task && !runner.task.done()) return;
  runner.task = Work(*this, runner);
  runner.task.Start();
  runner.task.Rethrow();
}

std::vector<Collectives::Missing> MessageCollectives::Unfinished() const {
  for (const std::unique_ptr<Runner>& runner : runners_) {
    if (runner && runner->task.done()) runner->task.Rethrow();
  }
  return {};
}

core::Task MessageCollectives::Work(MessageCollectives& collectives, Runner& runner) {
  while (!runner.calls.empty()) {
    CollectiveCall call = std::move(runner.calls.front());
    runner.calls.pop_front();
    runner.state.clock.AdvanceTo(call.time);
    co_await collectives.Do(runner, call);
    call.part.Finish(collectives.network_.engine());
  }
}

core::Task MessageCollectives::Do(Runner& runner, const CollectiveCall& call) const {
  SimCommunicator& communicator = runner.communicator;
  switch (call.kind) {
    case core::SpanKind::kBroadcast:
      return core::TreeBroadcast(communicator, call.data, call.root);
    case core::SpanKind::kReduceScatter:
      return ReduceScatter(communicator, call.data);
    case core::SpanKind::kAllGather:
      return core::RingAllGather(communicator, call.data);
    default:
      return AllReduce(communicator, options_, call.data);
  }
}

}  // namespace sim
