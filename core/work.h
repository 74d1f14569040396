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

  // The caller's Work is gone. Here nobody else knows the operation, and it goes too.
  virtual void Drop() { delete this; }
};

// An operation that others hold as well.
class SharedOperation final : public Operation {
 public:
  explicit SharedOperation(std::shared_ptr<Operation> operation)
      : operation_(std::move(operation)) {}
  bool Await(std::coroutine_handle<> waiter) override { return operation_->Await(waiter); }

 private:
  const std::shared_ptr<Operation> operation_;
};

// The caller's hold on an operation: `co_await work` goes on when the result may be used. Dropping
// it does not wait; the operation's buffers stay in use until its Communicator or Replica is gone.
class [[nodiscard]] Work {
 public:
  // Drops `operation` when it goes.
  explicit Work(Operation& operation) : operation_(&operation) {}
  explicit Work(std::shared_ptr<Operation> operation)
      : Work(*new SharedOperation(std::move(operation))) {}

  struct Awaiter {
    Operation& operation;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> waiter) { return operation.Await(waiter); }
    void await_resume() const noexcept {}
  };
  Awaiter operator co_await() const { return {*operation_}; }
  // Outside of coroutines: as Operation::Await.
  bool Await(std::coroutine_handle<> waiter) const { return operation_->Await(waiter); }

 private:
  struct Dropper {
    void operator()(Operation* operation) const { operation->Drop(); }
  };
  std::unique_ptr<Operation, Dropper> operation_;
};

// Work that was done when it was asked for.
inline Work Done() {
  class Nothing : public Operation {
    bool Await(std::coroutine_handle<>) override { return false; }
    void Drop() override {}
  };
  static Nothing nothing;
  return Work(nothing);
}

}  // namespace core

#endif  // CORE_WORK_H_
