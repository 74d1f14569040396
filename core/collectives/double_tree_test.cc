#include "core/collectives/double_tree.h"

#include <algorithm>

#include "gtest/gtest.h"

namespace core {
namespace {

TEST(DoubleTreeTest, ParentsAndChildrenKnowEachOther) {
  for (int ranks_per_host : {1, 2, 4}) {
    for (int size = 1; size <= 40; ++size) {
      for (int tree : {0, 1}) {
        int edges = 0;
        for (int rank = 0; rank < size; ++rank) {
          const TreePlace place = PlaceInTree(tree, rank, size, ranks_per_host);
          EXPECT_LE(place.children.size(), 3u);
          for (int child : place.children) {
            const TreePlace below = PlaceInTree(tree, child, size, ranks_per_host);
            EXPECT_EQ(below.parent, rank) << size << " ranks, tree " << tree;
            EXPECT_EQ(below.depth, place.depth + 1);
            ++edges;
          }
        }
        EXPECT_EQ(edges, size - 1);
      }
    }
  }
}

// The figure in Sanders, Speck and Träff: with an even number of ranks nobody has two children in
// both trees.
TEST(DoubleTreeTest, ARankIsALeafInOneOfTheTrees) {
  for (int size = 2; size <= 64; size += 2) {
    for (int rank = 0; rank < size; ++rank) {
      const size_t first = PlaceInTree(0, rank, size, 1).children.size();
      const size_t second = PlaceInTree(1, rank, size, 1).children.size();
      EXPECT_LE(std::min(first, second), 1u) << rank << " of " << size;
      EXPECT_LE(first + second, 3u);
    }
  }
}

}  // namespace
}  // namespace core
