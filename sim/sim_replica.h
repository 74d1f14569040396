#ifndef SIM_SIM_REPLICA_H_
#define SIM_SIM_REPLICA_H_

#include <coroutine>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/records/profile.h"
#include "core/replica.h"
#include "core/timeline.h"
#include "sim/cluster/cluster.h"
#include "sim/engine/rank_clock.h"

namespace sim {

// What all replicas of a run have in common: a profile's costs, and what a cluster does to them.
class ReplicaModel {
 public:
  // `profile` as core::ReadProfile leaves it. Arguments outlive the model.
  ReplicaModel(const core::Profile& profile, const Cluster& cluster);

  const core::Profile& profile() const { return profile_; }
  std::span<const core::Extent> extents() const { return extents_; }
  int64_t count() const { return profile_.parameters; }
  double accumulate_bytes_per_second() const { return accumulate_bytes_per_second_; }

  // How many times as long as in the profile a rank computes: always, and a step's pass.
  double RankFactor(int rank) const;
  double PassFactor(int rank, int64_t step) const;

 private:
  const core::Profile& profile_;
  const Disturbance& disturbance_;
  const double accumulate_bytes_per_second_;
  std::vector<core::Extent> extents_;
};

// A replica that takes the time a profile says, with buffers of its sizes and nothing in them.
// Computing only moves its rank's clock.
class SimReplica : public core::Replica, private core::Gradients {
 public:
  // Both outlive it.
  SimReplica(const ReplicaModel& model, RankState& state) : model_(model), state_(state) {}

  core::Gradients& Backward() override;
  core::Work Accumulate(core::Buffer addend, core::Buffer sum) override;
  core::Work Update(core::Buffer gradients, float scale) override;
  core::Buffer parameters() override { return Allocate(model_.count()); }
  core::Buffer gradients() override { return Allocate(model_.count()); }
  std::span<const core::Extent> extents() const override { return model_.extents(); }
  core::Buffer Allocate(int64_t count) override {
    return {nullptr, count, core::DataType::kFloat32};
  }

 private:
  bool Await(std::coroutine_handle<>) override { return false; }
  std::optional<core::Gradient> Take() override;
  core::Work Compute(core::SpanKind kind, double seconds);
  void Record(core::SpanKind kind, double start, double end);

  const ReplicaModel& model_;
  RankState& state_;
  double busy_until_ = 0;  // Seconds: one computation at a time.
  double start_ = 0;       // Of the pass.
  double factor_ = 1;      // Of the pass.
  int step_ = 0;
  int taken_ = 0;  // Gradients of the pass.
};

}  // namespace sim

#endif  // SIM_SIM_REPLICA_H_
