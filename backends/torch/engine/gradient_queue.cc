#include "backends/torch/engine/gradient_queue.h"

namespace backends {

void GradientQueue::Begin() {
  const std::lock_guard lock(mutex_);
  queue_.clear();
  over_ = false;
  end_ = nullptr;
  error_ = nullptr;
}

void GradientQueue::Push(core::Gradient gradient, std::shared_ptr<DeviceEvent> final) {
  {
    const std::lock_guard lock(mutex_);
    queue_.emplace_back(gradient, std::move(final));
  }
  changed_.notify_one();
}

void GradientQueue::End(std::exception_ptr error, std::shared_ptr<DeviceEvent> end) {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    end_ = std::move(end);
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
  if (queue_.empty()) {
    if (order_ != nullptr) order_->Awaited(end_);
    return std::nullopt;
  }
  const auto [gradient, final] = std::move(queue_.front());
  queue_.pop_front();
  if (order_ != nullptr) order_->Awaited(final);
  return gradient;
}

}  // namespace backends
