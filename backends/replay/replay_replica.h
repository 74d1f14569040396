#ifndef BACKENDS_REPLAY_REPLAY_REPLICA_H_
#define BACKENDS_REPLAY_REPLAY_REPLICA_H_

#include <deque>
#include <optional>
#include <vector>

#include "core/records/profile.h"
#include "core/replica.h"
#include "core/timeline.h"

namespace backends {

// A replica whose passes take a profile's time but compute nothing: it sleeps until the instants at
// which the profile's gradients were ready, so that more ranks than the machine has cores can be
// measured. Its buffers are real ones of the profile's sizes, and Accumulate and Update are real
// arithmetic. A pass leaves the gradients as they are.
class ReplayReplica : public core::Replica, private core::Gradients {
 public:
  // Both outlive the replica. `timeline` gets the spans, and its clock measures.
  ReplayReplica(const core::Profile& profile, core::Timeline& timeline);

  core::Gradients& Backward() override;
  core::Work Accumulate(core::Buffer addend, core::Buffer sum) override;
  core::Work Update(core::Buffer gradients, float scale) override;
  core::Buffer parameters() override { return core::View(parameters_); }
  core::Buffer gradients() override { return core::View(gradients_); }
  std::span<const core::Extent> extents() const override { return extents_; }
  core::Buffer Allocate(int64_t count) override;

 private:
  bool Await(std::coroutine_handle<>) override;
  std::optional<core::Gradient> Take() override;

  const core::Profile& profile_;
  core::Timeline& timeline_;
  std::vector<core::Extent> extents_;
  std::vector<float> parameters_;
  std::vector<float> gradients_;
  std::vector<float> momentum_;
  std::deque<std::vector<float>> scratch_;
  core::Duration start_{};  // Of the pass.
  size_t taken_ = 0;        // Gradients of the pass.
};

}  // namespace backends

#endif  // BACKENDS_REPLAY_REPLAY_REPLICA_H_
