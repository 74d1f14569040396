#include "backends/torch/engine/gradient_queue.h"

#include <utility>

namespace backends {

void GradientQueue::Begin() {
  const std::lock_guard lock(mutex_);
  queue_.clear();
  over_ = false;
  error_ = nullptr;
}

void GradientQueue::Push(core::Gradient gradient) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(gradient);
  }
  changed_.notify_one();
}

void GradientQueue::End(std::exception_ptr error) {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    error_ = std::move(error);
  }
  changed_.notify_one();
}

bool GradientQueue::Await(std::coroutine_handle<>) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return over_ || !queue_.empty(); });
  return false;
}

std::optional<core::Gradient> GradientQueue::Take() {
  const std::lock_guard lock(mutex_);
  if (error_) std::rethrow_exception(error_);
  if (queue_.empty()) return std::nullopt;
  const core::Gradient gradient = queue_.front();
  queue_.pop_front();
  return gradient;
}

}  // namespace backends
