#ifndef CORE_TESTING_WORLD_H_
#define CORE_TESTING_WORLD_H_

#include <exception>
#include <functional>
#include <memory>
#include <vector>

#include "core/communicator.h"
#include "core/task.h"

namespace core::testing {

// What conformance suites run ranks in: threads, processes' sockets, a simulator.
class World {
 public:
  // What one rank does. Called once per rank, on that rank's thread where ranks have threads. What
  // it refers to outlives the run; it is no coroutine lambda, whose captures would die before its
  // frame: a function or a functor that passes everything to a coroutine by parameter. Ranks may be
  // processes: what a rank finds it checks itself, and what it changes no other rank sees.
  using Body = std::function<Task(Communicator&)>;

  virtual ~World() = default;

  // Runs `size` ranks to their end, each with a Communicator of its own that is gone when its body
  // has ended. Returns what each rank threw; null where it threw nothing. May be called repeatedly.
  [[nodiscard]] virtual std::vector<std::exception_ptr> Run(int size, const Body& body) = 0;
};

// How a suite gets a world of its own: the parameter of value-parameterised suites.
using WorldFactory = std::function<std::unique_ptr<World>()>;

// Runs and throws what the first of the failed ranks threw, if any.
inline void RunRanks(World& world, int size, const World::Body& body) {
  for (const std::exception_ptr& error : world.Run(size, body)) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace core::testing

#endif  // CORE_TESTING_WORLD_H_
