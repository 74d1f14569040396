#include "backends/torch/engine/compute_thread.h"

#include <memory>
#include <utility>

namespace backends {
namespace {

class FutureOperation final : public core::Operation {
 public:
  explicit FutureOperation(std::shared_future<void> future) : future_(std::move(future)) {}

  bool Await(std::coroutine_handle<>) override {
    future_.get();
    return false;
  }

 private:
  const std::shared_future<void> future_;
};

}  // namespace

ComputeThread::ComputeThread() : thread_([this] { Loop(); }) {}

ComputeThread::~ComputeThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::shared_future<void> ComputeThread::Post(std::function<void()> function) {
  std::packaged_task<void()> task(std::move(function));
  std::shared_future<void> future = task.get_future().share();
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(task));
  }
  changed_.notify_one();
  return future;
}

core::Work ComputeThread::Run(std::function<void()> function) {
  return core::Work(std::make_shared<FutureOperation>(Post(std::move(function))));
}

void ComputeThread::RunAndWait(std::function<void()> function) { Post(std::move(function)).get(); }

void ComputeThread::Loop() {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    std::packaged_task<void()> task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    task();
  }
}

}  // namespace backends
