#include "sim/cost/strategy_calls.h"

#include <utility>

#include "core/task.h"

namespace sim {
namespace {

// A rank whose operations are all done at once, and which counts them: as a worker's, or a
// server's.
class CountingRank final : public core::Communicator, public core::Replica, core::Gradients {
 public:
  CountingRank(const core::Profile& profile, int rank, core::Roles roles)
      : profile_(profile), extents_(core::ExtentsOf(profile)), rank_(rank), roles_(roles) {}

  int rank() const override { return rank_; }
  int size() const override { return roles_.size(); }
  core::Work Start(const core::CollectiveCall& call) override {
    calls_.collectives.push_back({call.kind, call.data.count});
    return Count(false);
  }
  core::Work Send(core::Buffer, int to, core::SpanKind) override {
    return Count(roles_.trains(rank_) || !roles_.trains(to));
  }
  core::Work Receive(core::Buffer, int from, core::SpanKind) override {
    return Count(roles_.trains(rank_) && !roles_.trains(from));
  }

  core::Gradients& Backward() override {
    taken_ = 0;
    return *this;
  }
  core::Work Accumulate(core::Buffer, core::Buffer) override { return core::Done(); }
  core::Work Update(core::Buffer, float) override { return core::Done(); }
  core::Buffer parameters() override { return Allocate(profile_.parameters); }
  core::Buffer gradients() override { return Allocate(profile_.parameters); }
  std::span<const core::Extent> extents() const override { return extents_; }
  core::Buffer Allocate(int64_t count) override {
    return {nullptr, count, core::DataType::kFloat32};
  }

  // Since it was last asked.
  CountedCalls TakeCalls() { return std::exchange(calls_, {}); }

 private:
  core::Work Count(bool message) {
    calls_.messages += message;
    calls_.overlaps |= taken_ <= profile_.gradients.size();
    return core::Done();
  }

  bool Await(std::coroutine_handle<>) override { return false; }
  std::optional<core::Gradient> Take() override {
    if (taken_ == profile_.gradients.size()) {
      taken_ = kNoPass;
      return std::nullopt;
    }
    return core::Gradient{profile_.gradients[taken_++].parameter};
  }

  static constexpr size_t kNoPass = SIZE_MAX;

  const core::Profile& profile_;
  const std::vector<core::Extent> extents_;
  const int rank_;
  const core::Roles roles_;
  size_t taken_ = kNoPass;  // Gradients of the pass.
  CountedCalls calls_;
};

}  // namespace

StrategyCalls CountCalls(const std::function<std::unique_ptr<core::Strategy>()>& make,
                         const core::Profile& profile, int world_size) {
  StrategyCalls all{.roles = make()->roles(world_size)};
  const auto add = [](CountedCalls calls, double ranks, CountedCalls& sum) {
    sum.messages += ranks * calls.messages;
    sum.overlaps |= calls.overlaps;
    sum.collectives = std::move(calls.collectives);
  };
  // `rank` of a world, for so many like it.
  const auto run = [&](int rank, core::Roles roles, int ranks) {
    const std::unique_ptr<core::Strategy> strategy = make();
    CountingRank counting(profile, rank, roles);
    core::Worker worker{counting, counting};
    core::RunToEnd(strategy->Start(worker));
    add(counting.TakeCalls(), ranks, all.start);
    core::RunToEnd(strategy->Step(worker));
    add(counting.TakeCalls(), ranks, all.step);
  };
  const core::Roles roles = all.roles;
  if (roles.servers > 0) run(0, {roles.servers, 1}, roles.servers);
  if (roles.workers > 2) run(roles.first_worker() + 1, roles, roles.workers - 2);
  if (roles.workers > 1) run(roles.size() - 1, roles, 1);
  run(roles.first_worker(), roles, 1);
  return all;
}

}  // namespace sim
