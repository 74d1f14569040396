#ifndef CORE_TASK_H_
#define CORE_TASK_H_

#include <coroutine>
#include <exception>
#include <stdexcept>
#include <utility>

#include "core/base/pooled.h"

namespace core {

// A coroutine that starts when awaited and resumes its awaiter when it ends.
//
// A child that ends at once returns to its awaiter like a plain function. Symmetric transfer would
// need a tail call, which g++ 12 makes neither at -O0 nor under AddressSanitizer: where every await
// finishes at once, as on real backends, the stack would overflow.
class [[nodiscard]] Task {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  // Who is told that a task has ended which nobody awaits.
  class Observer {
   public:
    // May drop the task. What it throws ends the program.
    virtual void OnEnd() = 0;

   protected:
    ~Observer() = default;
  };

  struct ResumeAwaiter {
    bool await_ready() const noexcept { return false; }
    void await_suspend(Handle task) const noexcept;
    void await_resume() const noexcept {}
  };

  // A frame is allocated by its promise's operator new, so frames are pooled.
  struct promise_type : public Pooled {
    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    ResumeAwaiter final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error = std::current_exception(); }

    std::coroutine_handle<> awaiter;  // Null unless somebody is suspended on this task.
    Observer* observer = nullptr;
    std::exception_ptr error;
  };

  Task() = default;  // None.
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (handle_) handle_.destroy();
    handle_ = std::exchange(other.handle_, nullptr);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  explicit operator bool() const { return handle_ != nullptr; }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiter) {
    handle_.resume();
    if (handle_.done()) return false;
    handle_.promise().awaiter = awaiter;
    return true;
  }
  void await_resume() const { Rethrow(); }

  // The outermost task is awaited by nobody: started once, asked later whether it is done.
  void Start() { handle_.resume(); }
  // The same; returns whether it ended at once. If not, `observer` is told when it has.
  bool Start(Observer& observer) {
    handle_.resume();
    if (handle_.done()) return true;
    handle_.promise().observer = &observer;
    return false;
  }
  bool done() const { return handle_.done(); }
  bool failed() const { return handle_.promise().error != nullptr; }
  // Throws what the coroutine threw, if it did.
  void Rethrow() const {
    if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
  }

 private:
  explicit Task(Handle handle) : handle_(handle) {}
  Handle handle_ = nullptr;
};

inline void Task::ResumeAwaiter::await_suspend(Handle task) const noexcept {
  if (task.promise().awaiter) {
    task.promise().awaiter.resume();
  } else if (task.promise().observer) {
    task.promise().observer->OnEnd();
  }
}

// Runs a task whose every await blocks, as on all real backends.
inline void RunToEnd(Task task) {
  task.Start();
  if (!task.done()) throw std::logic_error("a task was suspended where operations should block");
  task.Rethrow();
}

}  // namespace core

#endif  // CORE_TASK_H_
