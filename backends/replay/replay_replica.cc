#include "backends/replay/replay_replica.h"

#include <thread>

#include "Eigen/Core"

namespace backends {
namespace {

// Of torchvision's reference training; the values do not matter to what an update costs.
constexpr float kLearningRate = 0.1f;
constexpr float kMomentum = 0.9f;

using Vector = Eigen::Map<Eigen::ArrayXf>;

Vector Elements(core::Buffer buffer) { return {static_cast<float*>(buffer.data), buffer.count}; }

}  // namespace

ReplayReplica::ReplayReplica(const core::Profile& profile, core::Timeline& timeline)
    : profile_(profile),
      timeline_(timeline),
      extents_(core::ExtentsOf(profile)),
      parameters_(static_cast<size_t>(profile.parameters)),
      gradients_(parameters_.size()),
      momentum_(parameters_.size()) {}

core::Gradients& ReplayReplica::Backward() {
  start_ = timeline_.Now();
  taken_ = 0;
  return *this;
}

bool ReplayReplica::Await(std::coroutine_handle<>) {
  const bool over = taken_ == profile_.gradients.size();
  const core::Duration due =
      start_ + core::Duration(over ? profile_.pass : profile_.gradients[taken_].ready);
  std::this_thread::sleep_for(due - timeline_.Now());
  return false;
}

std::optional<core::Gradient> ReplayReplica::Take() {
  if (taken_ < profile_.gradients.size()) {
    return core::Gradient{profile_.gradients[taken_++].parameter};
  }
  const core::Duration forward_end = start_ + core::Duration(profile_.forward);
  timeline_.Record({core::SpanKind::kForward, start_, forward_end});
  timeline_.Record({core::SpanKind::kBackward, forward_end, timeline_.Now()});
  return std::nullopt;
}

core::Work ReplayReplica::Accumulate(core::Buffer addend, core::Buffer sum) {
  const core::Duration start = timeline_.Now();
  Elements(sum) += Elements(addend);
  timeline_.Record({core::SpanKind::kAccumulate, start, timeline_.Now()});
  return core::Done();
}

core::Work ReplayReplica::Update(core::Buffer gradients, float scale) {
  const core::Duration start = timeline_.Now();
  const int64_t offset = static_cast<float*>(gradients.data) - gradients_.data();
  Vector momentum(momentum_.data() + offset, gradients.count);
  momentum = kMomentum * momentum + scale * Elements(gradients);
  Vector(parameters_.data() + offset, gradients.count) -= kLearningRate * momentum;
  timeline_.Record({core::SpanKind::kUpdate, start, timeline_.Now()});
  return core::Done();
}

core::Buffer ReplayReplica::Allocate(int64_t count) {
  return core::View(scratch_.emplace_back(static_cast<size_t>(count)));
}

}  // namespace backends
