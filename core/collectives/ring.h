#ifndef CORE_COLLECTIVES_RING_H_
#define CORE_COLLECTIVES_RING_H_

#include <cstdint>

#include "core/communicator.h"
#include "core/task.h"

namespace core {

// Ring collectives out of messages (Patarasuk, Yuan: Bandwidth optimal all-reduce algorithms for
// clusters of workstations, 2009): in size() − 1 rounds every rank sends one chunk to the next rank
// and receives one from the previous. `scratch` has RingScratchCount elements of the data's type.

// Elements of the largest of `size` chunks of `count` elements.
int64_t RingScratchCount(int64_t count, int size);

// Leaves the sum over ranks in `data` of all, the same bits. With n ranks and m bytes, 2(n − 1)
// rounds of m/n bytes.
Task RingAllReduce(Communicator& communicator, Buffer data, Buffer scratch);

// As Communicator::ReduceScatter and AllGather: n − 1 rounds.
Task RingReduceScatter(Communicator& communicator, Buffer data, Buffer scratch);
Task RingAllGather(Communicator& communicator, Buffer data);

}  // namespace core

#endif  // CORE_COLLECTIVES_RING_H_
