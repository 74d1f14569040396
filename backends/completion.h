#ifndef BACKENDS_COMPLETION_H_
#define BACKENDS_COMPLETION_H_

#include <coroutine>
#include <exception>
#include <future>

#include "core/work.h"

namespace backends {

// An operation that one thread awaits and another one finishes.
class Completion : public core::Operation {
 public:
  Completion() : finished_(promise_.get_future()) {}

  // Once. Null if all went well.
  void Finish(std::exception_ptr error) {
    if (error) {
      promise_.set_exception(error);
    } else {
      promise_.set_value();
    }
  }

  bool Await(std::coroutine_handle<>) override {
    finished_.get();
    return false;
  }

 private:
  std::promise<void> promise_;
  const std::shared_future<void> finished_;
};

}  // namespace backends

#endif  // BACKENDS_COMPLETION_H_
