#include "core/training/agreement.h"

#include <algorithm>

namespace core {
namespace {

constexpr double kIntervalSeconds = 0.5;

}  // namespace

void Agreement::Begin() {
  pieces_ = 1;
  done_ = 0;
  begun_ = timeline_.Now();
}

// What is begun at one Tick is awaited only at the next, so that nobody waits for it.
Task Agreement::Tick(Communicator& communicator, int64_t pieces, bool stop) {
  done_ += pieces;
  if (done_ < pieces_) co_return;
  co_await Read(communicator.size());
  const Duration now = timeline_.Now();
  sums_ = {stop ? 1.0 : 0.0, (now - begun_).count() / static_cast<double>(done_)};
  running_.emplace(communicator.AllReduce(View(sums_)));
  done_ = 0;
  begun_ = now;
}

Task Agreement::Read(int size) {
  if (!running_) co_return;
  co_await *running_;
  running_.reset();
  agreed_ = agreed_ || sums_[0] > 0;
  // At most twice as many as before: the first pieces may be faster than the others.
  const double affordable = kIntervalSeconds * size / std::max(1e-9, sums_[1]);
  pieces_ = static_cast<int64_t>(std::clamp(affordable, 1.0, 2.0 * static_cast<double>(pieces_)));
}

}  // namespace core
