#include "sim/engine/engine.h"

#include <algorithm>
#include <limits>

#include "sim/engine/instant.h"

namespace sim {

void Engine::ResumeReady() {
  // May become longer meanwhile.
  for (size_t i = 0; i < ready_.size(); ++i) ready_[i].resume();
  event_count_ += ready_.size();
  ready_.clear();
}

double Engine::Next() const {
  return source_ ? std::min(timers_.Next(), source_->Next()) : timers_.Next();
}

void Engine::Run() {
  for (;;) {
    ResumeReady();
    if (Next() > Horizon(now_)) {
      if (source_) source_->Settle(now_);
      const double next = Next();
      if (next == std::numeric_limits<double>::infinity()) return;
      now_ = std::max(now_, next);
    }
    if (source_) source_->Advance(now_);
    while (timers_.Next() <= Horizon(now_)) {
      const Timer timer = timers_.Pop();
      ++event_count_;
      timer.handler->OnTimer(timer.argument);
    }
  }
}

}  // namespace sim
