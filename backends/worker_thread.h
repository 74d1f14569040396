#ifndef BACKENDS_WORKER_THREAD_H_
#define BACKENDS_WORKER_THREAD_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "backends/completion.h"
#include "core/work.h"

namespace backends {

// Runs functions one after the other on a thread of its own.
class WorkerThread {
 public:
  // Throws core::Error if the system gives no thread.
  WorkerThread();
  // Runs what is still queued first.
  ~WorkerThread();
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  // Returns at once. Whoever awaits the work gets what `function` threw; `completion` is that
  // work's operation, finished when `function` has returned.
  core::Work Run(std::function<void()> function,
                 std::shared_ptr<Completion> completion = std::make_shared<Completion>());
  // Blocks until `function` has returned, and throws what it threw.
  void RunAndWait(std::function<void()> function);

 private:
  struct Job {
    std::function<void()> function;
    std::shared_ptr<Completion> completion;
  };

  void Loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<Job> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace backends

#endif  // BACKENDS_WORKER_THREAD_H_
