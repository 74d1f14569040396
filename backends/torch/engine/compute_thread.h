#ifndef BACKENDS_TORCH_ENGINE_COMPUTE_THREAD_H_
#define BACKENDS_TORCH_ENGINE_COMPUTE_THREAD_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "core/work.h"

namespace backends {

// Runs functions one after the other on a thread of its own.
class ComputeThread {
 public:
  ComputeThread();
  // Waits for the function that is running; what is still queued fails.
  ~ComputeThread();
  ComputeThread(const ComputeThread&) = delete;
  ComputeThread& operator=(const ComputeThread&) = delete;

  // Whoever gets the future, or awaits the work, gets what `function` threw.
  std::shared_future<void> Post(std::function<void()> function);
  core::Work Run(std::function<void()> function);
  // The same, awaited.
  void RunAndWait(std::function<void()> function);

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::packaged_task<void()>> queue_;  // Guarded by mutex_, as is stopping_.
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_COMPUTE_THREAD_H_
