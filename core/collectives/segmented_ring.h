#ifndef CORE_COLLECTIVES_SEGMENTED_RING_H_
#define CORE_COLLECTIVES_SEGMENTED_RING_H_

#include <cstdint>

#include "core/communicator.h"
#include "core/task.h"

namespace core {

// How a segmented ring cuts its data: as many equal segments for every rank, each of at most 1 MiB
// (a multiple of the element, at least one), at least two a rank. The last may be shorter or empty.
struct Segments {
  int64_t per_rank = 0;
  int64_t length = 0;  // Elements.
};
Segments CutIntoSegments(int64_t count, DataType type, int size);

// Elements of scratch that SegmentedRingAllReduce needs: two segments.
int64_t SegmentedRingScratchCount(int64_t count, DataType type, int size);

// What Gloo's all-reduce does by default (gloo/allreduce.cc, "ring"): a ring whose chunks travel in
// segments, two of them under way at any time, so that one is received while the one before is
// added. Leaves the sum over ranks in `data` of all, the same bits.
Task SegmentedRingAllReduce(Communicator& communicator, Buffer data, Buffer scratch);

}  // namespace core

#endif  // CORE_COLLECTIVES_SEGMENTED_RING_H_
