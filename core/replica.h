#ifndef CORE_REPLICA_H_
#define CORE_REPLICA_H_

#include <coroutine>
#include <cstdint>
#include <optional>
#include <span>

#include "core/buffer.h"
#include "core/work.h"

namespace core {

// Where one parameter lies in the flat buffers of parameters and gradients.
struct Extent {
  int64_t offset = 0;
  int64_t count = 0;
};

// A gradient that is final for this step. The pass reads its parameter no more.
struct Gradient {
  int parameter = 0;  // Index into Replica::extents().
};

// The gradients of one backward pass, in the order in which it produces them:
//   while (std::optional<Gradient> gradient = co_await gradients.Next()) …
class Gradients {
 public:
  virtual ~Gradients() = default;

  struct NextAwaiter {
    Gradients& gradients;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> waiter) { return gradients.Await(waiter); }
    std::optional<Gradient> await_resume() { return gradients.Take(); }
  };
  NextAwaiter Next() { return {*this}; }

 private:
  // As Operation::Await, for the next gradient or the end of the pass.
  virtual bool Await(std::coroutine_handle<> waiter) = 0;
  // That gradient; empty after the last, when the whole pass is over. Throws what the pass threw.
  virtual std::optional<Gradient> Take() = 0;
};

// One worker's copy of the model, its optimizer and its data.
class Replica {
 public:
  virtual ~Replica() = default;

  // Starts forward and backward of the next minibatch. One pass at a time.
  virtual Gradients& Backward() = 0;

  // Adds `addend` to `sum`, elementwise.
  virtual Work Accumulate(Buffer addend, Buffer sum) = 0;

  // One SGD update of the parameters that `gradients`, a slice of gradients(), belongs to; the
  // gradients are multiplied by `scale` first.
  virtual Work Update(Buffer gradients, float scale) = 0;

  // One float32 vector each, contiguous and laid out alike: the parameters in the model's order.
  virtual Buffer parameters() = 0;
  virtual Buffer gradients() = 0;
  virtual std::span<const Extent> extents() const = 0;

  // Float32 scratch on the replica's device that lives as long as the replica: ask once, in Start.
  virtual Buffer Allocate(int64_t count) = 0;
};

}  // namespace core

#endif  // CORE_REPLICA_H_
