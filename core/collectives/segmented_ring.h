#ifndef CORE_COLLECTIVES_SEGMENTED_RING_H_
#define CORE_COLLECTIVES_SEGMENTED_RING_H_

#include <cstdint>

#include "core/communicator.h"
#include "core/task.h"

namespace core {

// Ring collectives out of messages (Patarasuk, Yuan: Bandwidth optimal all-reduce algorithms for
// clusters of workstations, 2009): the data is cut into a chunk for every rank; in size() − 1
// rounds every rank sends one chunk to the next rank and receives one from the previous.
// All-reduces leave the sum over ranks in `data` of all, the same bits.

// With n ranks and m bytes, 2(n − 1) rounds of m/n bytes.
Task RingAllReduce(Communicator& communicator, Buffer data);
// As Communicator::ReduceScatter and AllGather: n − 1 rounds.
Task RingReduceScatter(Communicator& communicator, Buffer data);
Task RingAllGather(Communicator& communicator, Buffer data);
// Elements of the largest of `size` chunks of `count` elements.
int64_t RingChunkLength(int64_t count, int size);

// What Gloo's all-reduce does by default (gloo/allreduce.cc, "ring"): a ring whose chunks travel in
// segments, two of them under way at any time, so that one is received while the one before is
// added.
Task SegmentedRingAllReduce(Communicator& communicator, Buffer data);

// How a ring cuts its data: as many equal segments for every rank. The last may be shorter or
// empty. A segmented one's: each of at most 1 MiB (a multiple of the element, at least one), at
// least two a rank.
struct Segments {
  int64_t per_rank = 0;
  int64_t length = 0;  // Elements.
};
Segments CutIntoSegments(int64_t count, DataType type, int size);

}  // namespace core

#endif  // CORE_COLLECTIVES_SEGMENTED_RING_H_
