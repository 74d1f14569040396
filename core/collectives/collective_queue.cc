#include "core/collectives/collective_queue.h"

namespace core {

void CollectiveQueue::MakeProgress() {
  // Openings first: small collectives need nothing else.
  while (opened_ < collectives_.size() && collectives_[opened_]->TryOpen()) ++opened_;
  if (opened_ > 0) collectives_[opened_ - 1]->FlushOpened();
  for (size_t i = 0; i < opened_; ++i) {
    for (; !collectives_[i]->all_started(); ++started_) {
      if (started_ - advanced_ == DirectExchange::kSegmentsAhead) return;
      collectives_[i]->Start(started_ % DirectExchange::kSegmentsAhead);
    }
  }
}

Task CollectiveQueue::AdvanceOldest() {
  DirectExchange& oldest = *collectives_.front();
  if (!others_are_here_) co_await oldest.AwaitOpened();
  others_are_here_ = true;
  if (oldest.all_advanced()) co_return;  // It has no elements.
  co_await oldest.Advance();
  if (!oldest.one_hop()) ++advanced_;
}

std::unique_ptr<DirectExchange> CollectiveQueue::TakeAdvanced() {
  if (!others_are_here_ || !collectives_.front()->all_advanced()) return nullptr;
  std::unique_ptr<DirectExchange> advanced = std::move(collectives_.front());
  collectives_.pop_front();
  --opened_;
  others_are_here_ = false;
  return advanced;
}

void CollectiveQueue::Clear() {
  while (!collectives_.empty()) collectives_.pop_front();
  *this = {};
}

}  // namespace core
