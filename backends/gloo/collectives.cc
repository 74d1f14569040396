#include "backends/gloo/collectives.h"

#include <utility>

namespace backends {

Collectives::Collectives(Peers& peers, core::Timeline* timeline)
    : peers_(peers),
      timeline_(timeline),
      openings_(peers),
      scratch_(peers),
      thread_(&Collectives::Run, this),
      ends_(&Collectives::RunEnds, this) {}

void Collectives::Join() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
  {
    std::lock_guard lock(mutex_);
    all_advanced_ = true;
  }
  advanced_changed_.notify_one();
  ends_.join();
}

core::Work Collectives::Start(const CollectiveCall& call) {
  std::shared_ptr<Completion> completion;
  {
    std::lock_guard lock(mutex_);
    auto collective = std::make_unique<Collective>(peers_, call, next_++);
    completion = collective->completion();
    calls_.push_back(std::move(collective));
  }
  changed_.notify_one();
  peers_.MakeProgress();
  return core::Work(std::move(completion));
}

void Collectives::Run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !calls_.empty() || !open_.empty(); });
      if (stopping_ && calls_.empty() && open_.empty()) return;
    }
    try {
      StartAhead();
      AdvanceOldest();
    } catch (...) {
      FailAll();
    }
  }
}

void Collectives::StartAhead() {
  {
    std::lock_guard lock(mutex_);
    for (auto& call : calls_) open_.push_back(std::move(call));
    calls_.clear();
  }
  // Openings first: small collectives need nothing else.
  for (; opened_ < open_.size(); ++opened_) {
    if (!open_[opened_]->TryOpen(openings_)) break;
  }
  if (opened_ > 0) openings_.Flush(open_[opened_ - 1]->name());
  for (size_t i = 0; i < opened_; ++i) {
    while (!open_[i]->all_started()) {
      if (!scratch_.has_room()) return;
      open_[i]->StartSegment(scratch_);
    }
  }
}

void Collectives::AdvanceOldest() {
  Collective& oldest = *open_.front();
  if (!oldest.all_here()) {
    oldest.AwaitOpenings(openings_, attend_);
    // The others are there: what is measured from here on is the transfer.
    start_ = timeline_ ? timeline_->Now() : core::Duration();
  }
  if (!oldest.all_advanced()) oldest.AdvanceSegment(scratch_, attend_);
  if (!oldest.all_advanced()) return;
  oldest.TakeElements(openings_);
  openings_.Pop(oldest.name());
  {
    std::lock_guard lock(mutex_);
    advanced_.push_back({std::move(open_.front()), start_});
  }
  advanced_changed_.notify_one();
  open_.pop_front();
  --opened_;
}

void Collectives::FailAll() {
  std::lock_guard lock(mutex_);
  opened_ = 0;
  for (auto* collectives : {&open_, &calls_}) {
    for (std::unique_ptr<Collective>& collective : *collectives) Fail(std::move(collective));
    collectives->clear();
  }
}

void Collectives::Fail(std::unique_ptr<Collective> collective) {
  const auto completion = collective->completion();
  const std::exception_ptr failure = peers_.FailureOf(collective->name());
  // Nothing may come into the caller's memory any more when it gets to know.
  collective.reset();
  completion->Finish(failure);
}

void Collectives::RunEnds() {
  while (true) {
    Advanced advanced = NextAdvanced();
    if (!advanced.collective) return;
    End(std::move(advanced));
  }
}

Collectives::Advanced Collectives::NextAdvanced() {
  std::unique_lock lock(mutex_);
  advanced_changed_.wait(lock, [this] { return all_advanced_ || !advanced_.empty(); });
  if (advanced_.empty()) return {};
  Advanced next = std::move(advanced_.front());
  advanced_.pop_front();
  return next;
}

void Collectives::End(Advanced advanced) {
  Collective& collective = *advanced.collective;
  try {
    collective.Finish();
  } catch (...) {
    return Fail(std::move(advanced.collective));
  }
  if (timeline_) {
    const OperationName& name = collective.name();
    timeline_->Record({name.kind, advanced.start, timeline_->Now(), name.bytes});
  }
  collective.completion()->Finish(nullptr);
}

}  // namespace backends
