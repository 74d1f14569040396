#include "sim/collectives/exchange_collectives.h"

#include <utility>

#include "core/collectives/add.h"

namespace sim {
namespace {

// Added to a rank: the timer is for an end that has to wait for the adding.
constexpr uint64_t kAdded = uint64_t{1} << 32;

}  // namespace

class ExchangeCollectives::Sleep : public core::Operation {
 public:
  Sleep(ExchangeCollectives& collectives, Runner& runner, double end)
      : collectives_(collectives), runner_(runner), end_(end) {}
  bool Await(std::coroutine_handle<> waiter) override {
    Engine& engine = collectives_.network_.engine();
    if (end_ <= engine.now()) return false;
    runner_.sleeper = waiter;
    engine.At(end_, collectives_, kAdded | static_cast<uint64_t>(runner_.state.rank));
    return true;
  }

 private:
  ExchangeCollectives& collectives_;
  Runner& runner_;
  const double end_;
};

ExchangeCollectives::Runner::Runner(Network& network, int rank)
    : state(network.engine(), rank),
      scattering(network, Network::Channel::kCollectives, state),
      gathering(network, Network::Channel::kGathering, state),
      opening(network, Network::Channel::kOpenings, state) {}

ExchangeCollectives::ExchangeCollectives(Network& network, double add_bytes_per_second)
    : network_(network), add_bytes_per_second_(add_bytes_per_second) {}

void ExchangeCollectives::Join(CollectiveCall call) {
  runners_.resize(static_cast<size_t>(network_.topology().ranks()));
  const auto rank = static_cast<size_t>(call.rank);
  if (!runners_[rank]) runners_[rank] = std::make_unique<Runner>(network_, call.rank);
  const double time = call.time;
  runners_[rank]->coming.push_back(std::move(call));
  if (time > network_.engine().now()) {
    network_.engine().At(time, *this, rank);
  } else {
    OnTimer(rank);
  }
}

void ExchangeCollectives::OnTimer(uint64_t argument) {
  Runner& runner = *runners_[argument & (kAdded - 1)];
  if (argument & kAdded) return std::exchange(runner.sleeper, nullptr).resume();
  runner.calls.push_back(std::move(runner.coming.front()));
  runner.coming.pop_front();
  if (runner.task && !runner.task.done()) return StartAhead(runner);
  runner.task = Work(*this, runner);
  runner.task.Start();
  runner.task.Rethrow();
}

std::vector<Collectives::Missing> ExchangeCollectives::Unfinished() const {
  for (const std::unique_ptr<Runner>& runner : runners_) {
    if (!runner) continue;
    for (const core::Task* task : {&runner->task, &runner->end_task}) {
      if (*task && task->done()) task->Rethrow();
    }
  }
  return {};
}

void ExchangeCollectives::Begin(Runner& runner, CollectiveCall call) {
  const bool rooted = call.kind == core::SpanKind::kBroadcast;
  const auto add = [this, &runner](core::Buffer addend, core::Buffer sum) {
    core::Add(addend, sum);
    runner.state.clock.AdvanceTo(runner.state.clock.seconds() +
                                 static_cast<double>(addend.bytes()) / add_bytes_per_second_);
  };
  const core::ExchangePlan cut =
      core::PlanExchange(call.kind, call.data.count, call.data.type, network_.topology().ranks());
  auto exchange = std::make_unique<core::DirectExchange>(
      call.kind, call.data, rooted ? call.root : -1,
      cut.one_hop ? runner.opening : runner.scattering, runner.gathering, add);
  runner.open.push_back({std::move(call), std::move(exchange), {}});
  // Needs no room among the segments, and does not wait for those before it.
  if (cut.one_hop) StartSegment(runner.open.back());
}

void ExchangeCollectives::StartSegment(Open& open) {
  core::Buffer scratch{nullptr, open.exchange->ScratchCount(), open.call.data.type};
  if (open.call.data.data) {
    open.scratch.emplace_back(static_cast<size_t>(scratch.bytes()));
    scratch.data = open.scratch.back().data();
  }
  open.exchange->Start(scratch);
}

void ExchangeCollectives::StartAhead(Runner& runner) {
  for (; !runner.calls.empty(); runner.calls.pop_front()) {
    Begin(runner, std::move(runner.calls.front()));
  }
  for (Open& open : runner.open) {
    for (; !open.exchange->all_started(); ++runner.segments) {
      if (runner.segments >= core::DirectExchange::kSegmentsAhead) return;
      StartSegment(open);
    }
  }
}

core::Task ExchangeCollectives::Work(ExchangeCollectives& collectives, Runner& runner) {
  while (!runner.calls.empty() || !runner.open.empty()) {
    collectives.StartAhead(runner);
    core::DirectExchange& oldest = *runner.open.front().exchange;
    if (!oldest.all_advanced()) {
      co_await oldest.Advance();
      if (!oldest.one_hop()) --runner.segments;
    }
    if (!oldest.all_advanced()) continue;
    runner.open.front().advanced = runner.state.clock.seconds();
    runner.advanced.push_back(std::move(runner.open.front()));
    runner.open.pop_front();
    if (runner.end_task && !runner.end_task.done()) continue;
    runner.end_task = End(collectives, runner);
    runner.end_task.Start();
    runner.end_task.Rethrow();
  }
}

core::Task ExchangeCollectives::End(ExchangeCollectives& collectives, Runner& runner) {
  for (; !runner.advanced.empty(); runner.advanced.pop_front()) {
    Open& oldest = runner.advanced.front();
    co_await oldest.exchange->Finish();
    core::Work added(*new Sleep(collectives, runner, oldest.advanced));
    co_await added;
    oldest.call.part.Finish(collectives.network_.engine());
  }
}

}  // namespace sim
