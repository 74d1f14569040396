#ifndef SIM_COMPLETION_H_
#define SIM_COMPLETION_H_

#include <coroutine>
#include <utility>

#include "core/work.h"
#include "sim/engine.h"

namespace sim {

// A simulated operation of one or more parts, done when they all are. One coroutine may await it.
class Completion : public core::Operation {
 public:
  explicit Completion(int parts) : parts_(parts) {}

  bool Await(std::coroutine_handle<> waiter) override {
    if (parts_ == 0) return false;
    waiter_ = waiter;
    return true;
  }

  // One part is done now.
  void FinishPart(Engine& engine) {
    if (--parts_ == 0 && waiter_) engine.Resume(std::exchange(waiter_, nullptr));
  }
  bool done() const { return parts_ == 0; }

 private:
  int parts_;
  std::coroutine_handle<> waiter_;
};

}  // namespace sim

#endif  // SIM_COMPLETION_H_
