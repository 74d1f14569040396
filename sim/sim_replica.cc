#include "sim/sim_replica.h"

#include <algorithm>
#include <cmath>

#include "core/base/pooled.h"
#include "sim/cluster/counter_random.h"

namespace sim {
namespace {

// A computation whose end is known: awaiting it takes the rank's clock there.
class Computation : public core::Operation, public core::Pooled {
 public:
  Computation(RankClock& clock, double end) : clock_(clock), end_(end) {}
  bool Await(std::coroutine_handle<>) override {
    clock_.AdvanceTo(end_);
    return false;
  }

 private:
  RankClock& clock_;
  const double end_;
};

}  // namespace

ReplicaModel::ReplicaModel(const core::Profile& profile, const Cluster& cluster)
    : profile_(profile),
      disturbance_(cluster.disturbance),
      accumulate_bytes_per_second_(cluster.AddRate(profile.accumulate_bytes_per_second)),
      extents_(core::ExtentsOf(profile)) {}

double ReplicaModel::RankFactor(int rank) const {
  if (disturbance_.straggler_share == 0) return 1;
  CounterRandom chance(disturbance_.seed, Draw::kStraggler, rank);
  return chance.Uniform() < disturbance_.straggler_share ? disturbance_.straggler_factor : 1;
}

double ReplicaModel::PassFactor(int rank, int64_t step) const {
  double factor = RankFactor(rank);
  if (disturbance_.jitter > 0) {
    CounterRandom chance(disturbance_.seed, Draw::kJitter, rank, step);
    factor *= std::exp(disturbance_.jitter * chance.Normal());
  }
  return factor + disturbance_.stagger * rank / profile_.pass;
}

core::Gradients& SimReplica::Backward() {
  start_ = std::max(state_.clock.seconds(), busy_until_);
  factor_ = model_.PassFactor(state_.rank, step_++);
  taken_ = 0;
  const core::Profile& profile = model_.profile();
  busy_until_ = start_ + factor_ * profile.pass;
  Record(core::SpanKind::kForward, start_, start_ + factor_ * profile.forward);
  Record(core::SpanKind::kBackward, start_ + factor_ * profile.forward, busy_until_);
  return *this;
}

std::optional<core::Gradient> SimReplica::Take() {
  const std::vector<core::ProfiledGradient>& gradients = model_.profile().gradients;
  if (static_cast<size_t>(taken_) == gradients.size()) {
    state_.clock.AdvanceTo(start_ + factor_ * model_.profile().pass);
    return std::nullopt;
  }
  const core::ProfiledGradient& gradient = gradients[static_cast<size_t>(taken_++)];
  state_.clock.AdvanceTo(start_ + factor_ * gradient.ready);
  return core::Gradient{gradient.parameter};
}

core::Work SimReplica::Accumulate(core::Buffer, core::Buffer sum) {
  const double seconds = static_cast<double>(sum.bytes()) / model_.accumulate_bytes_per_second();
  return Compute(core::SpanKind::kAccumulate, seconds * model_.RankFactor(state_.rank));
}

core::Work SimReplica::Update(core::Buffer gradients, float) {
  const double share = static_cast<double>(gradients.count) / static_cast<double>(model_.count());
  return Compute(core::SpanKind::kUpdate,
                 share * model_.profile().update * model_.RankFactor(state_.rank));
}

core::Work SimReplica::Compute(core::SpanKind kind, double seconds) {
  const double start = std::max(state_.clock.seconds(), busy_until_);
  busy_until_ = start + seconds;
  Record(kind, start, busy_until_);
  return core::Work(*new Computation(state_.clock, busy_until_));
}

void SimReplica::Record(core::SpanKind kind, double start, double end) {
  if (state_.timeline) state_.timeline->Record({kind, core::Duration(start), core::Duration(end)});
}

}  // namespace sim
