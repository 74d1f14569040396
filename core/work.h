#ifndef CORE_WORK_H_
#define CORE_WORK_H_

#include <coroutine>
#include <memory>
#include <utility>

namespace core {

// One thing in flight: a collective, a message, a computation, a delay.
class Operation {
 public:
  virtual ~Operation() = default;

  // The one place where real and simulated runs part. Real: blocks until the operation is done (or
  // makes the device's stream wait) and returns false, so that the waiter runs on. Simulated: keeps
  // the waiter, returns true and resumes it at the virtual time of completion; returns false if
  // that time has come. Throws core::Error if the operation failed.
  virtual bool Await(std::coroutine_handle<> waiter) = 0;
};

// The caller's hold on an operation: `co_await work` goes on when the result may be used. Dropping
// it does not wait; the operation's buffers stay in use until its Communicator or Replica is gone.
class [[nodiscard]] Work {
 public:
  explicit Work(std::shared_ptr<Operation> operation) : operation_(std::move(operation)) {}

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) { return operation_->Await(waiter); }
  void await_resume() const noexcept {}

 private:
  std::shared_ptr<Operation> operation_;
};

// Work that was done when it was asked for.
inline Work Done() {
  class Nothing : public Operation {
    bool Await(std::coroutine_handle<>) override { return false; }
  };
  return Work(std::make_shared<Nothing>());
}

}  // namespace core

#endif  // CORE_WORK_H_
