#ifndef CORE_COLLECTIVES_DOUBLE_TREE_H_
#define CORE_COLLECTIVES_DOUBLE_TREE_H_

#include <cstdint>
#include <vector>

#include "core/communicator.h"
#include "core/task.h"

namespace core {

// One rank's place in a tree over all ranks.
struct TreePlace {
  int parent = -1;  // −1: the root.
  std::vector<int> children;
  int depth = 0;  // Edges to the root.
};

// The two trees of `size` ranks, in hosts of `ranks_per_host`, as in NCCL (src/graph/trees.cc;
// Sanders, Speck, Träff: Two-tree algorithms for full bandwidth broadcast, reduction and scan,
// 2009): binary between the first ranks of the hosts, which are leaves in at most one of the two
// (but for the root's), a chain inside a host. `tree` is 0 or 1.
TreePlace PlaceInTree(int tree, int rank, int size, int ranks_per_host);

// Elements of the segments that `half` of the data travels in: at most 512 KiB.
int64_t DoubleTreeSegmentLength(int64_t half, DataType type);

// Leaves the sum over ranks in `data` of all, the same bits: each half goes up one tree in
// segments, summed on the way, and down again, all segments and both trees at the same time.
Task DoubleTreeAllReduce(Communicator& communicator, Buffer data, int ranks_per_host);

}  // namespace core

#endif  // CORE_COLLECTIVES_DOUBLE_TREE_H_
