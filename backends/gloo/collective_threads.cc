#include "backends/gloo/collective_threads.h"

#include <utility>

#include "core/base/thread.h"
#include "core/task.h"

namespace backends {

CollectiveThreads::CollectiveThreads(Peers& peers, core::Timeline* timeline)
    : context_{.peers = peers, .timeline = timeline, .make_progress = [this] { MakeProgress(); }},
      thread_(core::StartThread([this] { Run(); })) {}

void CollectiveThreads::Join() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
  ends_.reset();
}

core::Work CollectiveThreads::Start(const core::CollectiveCall& call) {
  std::unique_lock lock(mutex_);
  auto collective = std::make_unique<Collective>(context_, call, next_++);
  core::Work work = collective->MakeWork();
  calls_.push_back(std::move(collective));
  lock.unlock();
  changed_.notify_one();
  context_.peers.MakeProgress();
  return work;
}

void CollectiveThreads::Run() {
  while (AwaitCalls()) {
    try {
      MakeProgress();
      AdvanceOldest();
    } catch (...) {
      FailAll();
    }
  }
}

bool CollectiveThreads::AwaitCalls() {
  if (!queue_.empty()) return true;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !calls_.empty(); });
  return !calls_.empty();
}

void CollectiveThreads::MakeProgress() {
  {
    std::lock_guard lock(mutex_);
    for (; !calls_.empty(); calls_.pop_front()) queue_.Add(std::move(calls_.front()));
  }
  queue_.MakeProgress();
}

void CollectiveThreads::AdvanceOldest() {
  core::RunToEnd(queue_.AdvanceOldest());
  const std::shared_ptr<core::DirectExchange> advanced = queue_.TakeAdvanced();
  if (!advanced) return;
  context_.headers.Pop();
  // If its end throws, it fails when it goes.
  const core::Work end = ends_->Run([advanced] {
    core::RunToEnd(advanced->Finish());
    advanced->Complete();
  });
}

void CollectiveThreads::FailAll() {
  queue_.Clear();
  std::lock_guard lock(mutex_);
  while (!calls_.empty()) calls_.pop_front();
}

}  // namespace backends
