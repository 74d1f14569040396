#ifndef BACKENDS_TORCH_ENGINE_GRADIENT_QUEUE_H_
#define BACKENDS_TORCH_ENGINE_GRADIENT_QUEUE_H_

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>

#include "core/replica.h"

namespace backends {

// Hands gradients over from the thread that computes them to the one that awaits them.
class GradientQueue final : public core::Gradients {
 public:
  // Forgets the pass before.
  void Begin();
  void Push(core::Gradient gradient);
  // The pass is over; `error` is null if it went well.
  void End(std::exception_ptr error);

 private:
  bool Await(std::coroutine_handle<> waiter) override;
  std::optional<core::Gradient> Take() override;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<core::Gradient> queue_;
  bool over_ = true;
  std::exception_ptr error_;
};

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_GRADIENT_QUEUE_H_
