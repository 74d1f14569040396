#include "sim/collectives/message_collectives.h"

#include <utility>

#include "core/collectives/broadcast.h"
#include "core/collectives/message_exchange.h"
#include "core/collectives/segmented_ring.h"

namespace sim {
namespace {

// Added to a rank: the timer is for an end that has waited for adding.
constexpr uint64_t kAdded = uint64_t{1} << 32;

// Instead of a task that is done, or none.
void Start(core::Task& task, core::Task next) {
  if (task) task.Rethrow();  // What the one before ended with.
  task = std::move(next);
  task.Start();
  task.Rethrow();
}

}  // namespace

// Summing takes its time of the rank's clock.
class MessageCollectives::Exchange : public core::MessageExchange {
 public:
  Exchange(const MessageCollectives& collectives, Runner& runner, CollectiveCall call)
      : MessageExchange(
            call, {runner.exchanges->opening, runner.communicator, runner.exchanges->gathering}),
        collectives_(collectives),
        clock_(runner.state.clock),
        part_(std::move(call.part)) {}

  void Complete() override { part_.Finish(collectives_.network_.engine()); }

 private:
  void OnSummed(int64_t bytes) override {
    clock_.AdvanceTo(clock_.seconds() +
                     static_cast<double>(bytes) / collectives_.add_bytes_per_second_);
  }

  const MessageCollectives& collectives_;
  RankClock& clock_;
  Part part_;
};

MessageCollectives::Exchanges::Exchanges(Network& network, const RankState& state)
    : gathering(network, Network::Channel::kGathering, state),
      opening(network, Network::Channel::kOpenings, state) {}

MessageCollectives::Runner::Runner(Network& network, int rank)
    : state(network.engine(), rank), communicator(network, Network::Channel::kCollectives, state) {}

MessageCollectives::MessageCollectives(Network& network, core::AllReduceOptions options,
                                       double add_bytes_per_second)
    : network_(network), options_(options), add_bytes_per_second_(add_bytes_per_second) {}

void MessageCollectives::Join(CollectiveCall call) {
  runners_.resize(static_cast<size_t>(network_.topology().ranks()));
  const auto rank = static_cast<size_t>(call.rank);
  if (!runners_[rank]) runners_[rank] = std::make_unique<Runner>(network_, call.rank);
  Runner& runner = *runners_[rank];
  const double time = call.time;
  runner.calls.push_back(std::move(call));
  if (options_.algorithm != core::AllReduceAlgorithm::kDirectExchange) {
    if (!runner.task || runner.task.done()) Start(runner.task, RunInTurn(*this, runner));
  } else if (time > network_.engine().now()) {
    network_.engine().At(time, *this, rank);
  } else {
    OnTimer(rank);
  }
}

void MessageCollectives::OnTimer(uint64_t argument) {
  Runner& runner = *runners_[argument & (kAdded - 1)];
  if (!runner.exchanges) runner.exchanges = std::make_unique<Exchanges>(network_, runner.state);
  if (argument & kAdded) {
    runner.exchanges->complete.front()->Complete();
    runner.exchanges->complete.pop_front();
    return;
  }
  runner.exchanges->queue.Add(
      std::make_unique<Exchange>(*this, runner, std::move(runner.calls.front())));
  runner.calls.pop_front();
  if (runner.task && !runner.task.done()) return runner.exchanges->queue.MakeProgress();
  Start(runner.task, RunExchanges(*this, runner));
}

std::vector<Collectives::Missing> MessageCollectives::Unfinished() const {
  for (const std::unique_ptr<Runner>& runner : runners_) {
    if (!runner) continue;
    if (runner->task && runner->task.done()) runner->task.Rethrow();
    if (!runner->exchanges) continue;
    const core::Task& end_task = runner->exchanges->end_task;
    if (end_task && end_task.done()) end_task.Rethrow();
  }
  return {};
}

core::Task MessageCollectives::RunExchanges(MessageCollectives& collectives, Runner& runner) {
  while (!runner.exchanges->queue.empty()) {
    runner.exchanges->queue.MakeProgress();
    co_await runner.exchanges->queue.AdvanceOldest();
    std::unique_ptr<core::DirectExchange> advanced = runner.exchanges->queue.TakeAdvanced();
    if (!advanced) continue;
    runner.exchanges->advanced.push_back({std::move(advanced), runner.state.clock.seconds()});
    if (runner.exchanges->end_task && !runner.exchanges->end_task.done()) continue;
    Start(runner.exchanges->end_task, AwaitEnds(collectives, runner));
  }
}

core::Task MessageCollectives::AwaitEnds(MessageCollectives& collectives, Runner& runner) {
  for (; !runner.exchanges->advanced.empty(); runner.exchanges->advanced.pop_front()) {
    Advanced& oldest = runner.exchanges->advanced.front();
    co_await oldest.exchange->Finish();
    runner.exchanges->complete.push_back(std::move(oldest.exchange));
    collectives.network_.engine().At(oldest.time, collectives,
                                     kAdded | static_cast<uint64_t>(runner.state.rank));
  }
}

core::Task MessageCollectives::RunInTurn(MessageCollectives& collectives, Runner& runner) {
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
      return core::RingReduceScatter(communicator, call.data);
    case core::SpanKind::kAllGather:
      return core::RingAllGather(communicator, call.data);
    default:
      return core::RunAllReduce(options_, communicator, call.data);
  }
}

}  // namespace sim
