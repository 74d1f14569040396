#include "core/training/train.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace core {

Task Trainer::Run(Worker& worker) {
  const Roles roles = strategy_.roles(worker.communicator.size());
  co_await strategy_.Start(worker);
  Position next;
  if (options_.resume) {
    co_await RestoreCheckpoint(worker, strategy_, replica_, *options_.resume);
    next = options_.resume->position;
    progress_ = std::move(options_.resume->progress);
    options_.resume.reset();
  }
  for (; next.epoch < options_.epochs; next = {next.epoch + 1, 0}) {
    co_await TrainEpoch(worker, next.epoch, next.step);
    if (stopped()) break;
    co_await Evaluate(worker, roles);
    EpochRecord record;
    co_await totals_.Exchange(worker.communicator, roles, next.epoch, progress_, evaluation_,
                              record);
    observer_.OnEpoch(record);
    progress_ = {};
    if (Keep(worker, {next.epoch + 1, 0})) break;
  }
  co_await agreement_.Read(worker.communicator.size());
}

Task Trainer::TrainEpoch(Worker& worker, int epoch, int64_t first_step) {
  replica_.BeginEpoch(epoch, first_step);
  agreement_.Begin();
  timeline_.BeginSteps();
  epoch_start_ = timeline_.Now() - progress_.time;
  for (int64_t step = first_step; step < options_.steps_per_epoch; ++step) {
    co_await strategy_.Step(worker);
    timeline_.EndStep();
    observer_.OnStep(epoch, step);
    co_await agreement_.Tick(worker.communicator, 1, observer_.AskedToStop());
    if (Keep(worker, {epoch, step + 1})) co_return;
  }
  TakeProgress();
}

void Trainer::TakeProgress() {
  const std::vector<Breakdown> breakdowns = timeline_.TakeSteps();
  progress_.time = timeline_.Now() - epoch_start_;
  progress_.breakdowns.insert(progress_.breakdowns.end(), breakdowns.begin(), breakdowns.end());
  const std::vector<StepMetrics> metrics = replica_.TakeTraining();
  progress_.metrics.insert(progress_.metrics.end(), metrics.begin(), metrics.end());
}

Checkpoint Trainer::Take(const Worker& worker, Position position) {
  if (position.step > 0) TakeProgress();
  return TakeCheckpoint(worker, strategy_, replica_, position, progress_);
}

bool Trainer::Keep(const Worker& worker, Position position) {
  if (stopped() && position.epoch < options_.epochs) {
    observer_.OnStop(Take(worker, position));
    return true;
  }
  if (observer_.WantsCheckpoint(position)) observer_.OnCheckpoint(Take(worker, position));
  return false;
}

// Ranks that only serve have nothing to do meanwhile but to hear from the others.
Task Trainer::Evaluate(Worker& worker, const Roles& roles) {
  evaluation_ = {};
  co_await strategy_.Synchronize(worker);
  Work broadcast = worker.communicator.Broadcast(replica_.statistics(), roles.first_worker());
  co_await broadcast;
  const bool evaluates = roles.trains(worker.communicator.rank());
  if (evaluates) replica_.BeginEvaluation();
  agreement_.Begin();
  for (int64_t done = 0; done < options_.validation_batches;) {
    const int64_t batches = std::min(agreement_.pieces(), options_.validation_batches - done);
    if (evaluates) replica_.Evaluate(batches);
    done += batches;
    co_await agreement_.Tick(worker.communicator, batches, observer_.AskedToStop());
  }
  if (evaluates) evaluation_ = replica_.EndEvaluation();
}

}  // namespace core
