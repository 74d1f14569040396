#ifndef CORE_COLLECTIVES_BROADCAST_H_
#define CORE_COLLECTIVES_BROADCAST_H_

#include "core/communicator.h"
#include "core/task.h"

namespace core {

// Copies root's `data` to all along a binomial tree: the ranks that have it double in each round.
// With n ranks and m bytes, ⌈log₂ n⌉ rounds of m bytes.
Task TreeBroadcast(Communicator& communicator, Buffer data, int root);

}  // namespace core

#endif  // CORE_COLLECTIVES_BROADCAST_H_
