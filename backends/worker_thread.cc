#include "backends/worker_thread.h"

#include <exception>
#include <utility>

#include "core/base/thread.h"

namespace backends {

WorkerThread::WorkerThread() : thread_(core::StartThread([this] { Loop(); })) {}

WorkerThread::~WorkerThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

core::Work WorkerThread::Run(std::function<void()> function,
                             std::shared_ptr<Completion> completion) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({std::move(function), completion});
  }
  changed_.notify_one();
  return core::Work(std::move(completion));
}

void WorkerThread::RunAndWait(std::function<void()> function) {
  Run(std::move(function)).Await(nullptr);
}

void WorkerThread::Loop() {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Job job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    std::exception_ptr error;
    try {
      job.function();
    } catch (...) {
      error = std::current_exception();
    }
    job.completion->Finish(error);
  }
}

}  // namespace backends
