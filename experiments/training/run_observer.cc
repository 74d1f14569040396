#include "experiments/training/run_observer.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backends/torch/model/weights.h"
#include "core/base/error.h"
#include "experiments/common/host_info.h"
#include "experiments/training/interruption.h"
#include "experiments/training/output_folder.h"

namespace experiments {
namespace {

// Of training, at least, between checkpoints where nobody said how often: to copy and write one of a
// model of 100 MB takes some 0.4 s of a processor.
constexpr double kSecondsBetween = 60;

}  // namespace

void RunObserver::OnStep(int epoch, int64_t step) {
  checkpointing() ? StopIfInsisted() : StopIfInterrupted();
  if (parts_.record == nullptr) return;
  auto& startup = parts_.record->results().startup_seconds;
  if (!startup) startup = SecondsSinceStart(parts_.command);
  parts_.progress->OnStep(epoch, step);
}

void RunObserver::OnEpoch(const core::EpochRecord& epoch) {
  if (parts_.saves_weights) SaveWeights(epoch);
  if (epoch.result.val_accuracy) best_ = std::max(best_.value_or(0), *epoch.result.val_accuracy);
  // The same on all ranks, as it is a mean over them.
  since_checkpoint_ +=
      epoch.result.breakdown->total.count() * static_cast<double>(epoch.losses.size());
  if (parts_.record == nullptr) return;
  parts_.progress->OnEpoch(epoch);
  parts_.record->AddEpoch(epoch);
  const absl::Status written = parts_.record->WritePartial();
  if (!written.ok()) {
    std::fprintf(stderr, "%s; the run goes on, and tries again after the next epoch\n",
                 std::string(written.message()).c_str());
  }
}

void RunObserver::SaveWeights(const core::EpochRecord& epoch) {
  const RunOptions& options = parts_.options;
  const bool last = epoch.result.epoch == options.epochs;
  const std::optional<double>& accuracy = epoch.result.val_accuracy;
  const bool best = accuracy && (!best_ || *accuracy > *best_);
  std::vector<std::string> files;
  if (best) files.push_back(WeightsFile(options, /*best=*/true));
  if (last) files.push_back(WeightsFile(options, /*best=*/false));
  if (files.empty()) return;
  const auto state =
      std::make_shared<const std::vector<core::HostTensor>>(parts_.replica.ReadState());
  weights_.Run([state, files] {
    absl::Status status;
    for (const std::string& file : files) status.Update(backends::SaveWeights(*state, file));
    return status;
  });
}

bool RunObserver::WantsCheckpoint(core::Position position) {
  const int64_t every = parts_.options.checkpoint_every;
  if (every < 0) {
    // After an epoch: the last, or when it is worth its time.
    if (position.step != 0) return false;
    const bool due =
        position.epoch == parts_.options.epochs || since_checkpoint_ >= kSecondsBetween;
    if (due) since_checkpoint_ = 0;
    return due;
  }
  return every > 0 && position.step > 0 &&
         (position.epoch * parts_.steps_per_epoch + position.step) % every == 0;
}

void RunObserver::OnCheckpoint(core::Checkpoint checkpoint) {
  parts_.checkpoints.Write({.checkpoint = std::move(checkpoint),
                            .results = parts_.record ? parts_.record->Text() : "",
                            .best = best_});
}

bool RunObserver::AskedToStop() { return checkpointing() && Interrupted(); }

void RunObserver::OnStop(core::Checkpoint checkpoint) {
  OnCheckpoint(std::move(checkpoint));
  core::ThrowIfError(parts_.checkpoints.Finish());
  stopped_ = true;
}

}  // namespace experiments
