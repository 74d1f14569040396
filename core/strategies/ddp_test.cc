#include "core/strategies/ddp.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace core {
namespace {

using ::testing::ElementsAre;

std::vector<Extent> Consecutive(std::vector<int64_t> counts) {
  std::vector<Extent> extents;
  int64_t offset = 0;
  for (int64_t count : counts) {
    extents.push_back({offset, count});
    offset += count;
  }
  return extents;
}

std::vector<int> FirstParameters(const std::vector<Bucket>& buckets) {
  std::vector<int> first;
  for (const Bucket& bucket : buckets) first.push_back(bucket.first);
  return first;
}

TEST(MakeBuckets, ClosesABucketWithTheGradientThatReachesItsLimit) {
  const auto buckets =
      MakeBuckets(Consecutive({10, 10, 10, 10, 1}), {.first_bytes = 20, .bytes = 80});
  // 1 float is below 20 bytes, 11 are not; then 10 + 10 floats are 80 bytes.
  EXPECT_THAT(FirstParameters(buckets), ElementsAre(3, 1, 0));
  EXPECT_EQ(buckets[0].extent.offset, 30);
  EXPECT_EQ(buckets[0].extent.count, 11);
  EXPECT_EQ(buckets[2].extent.count, 10);
}

TEST(MakeBuckets, CoversEveryElementOnceForAnyLimits) {
  const std::vector<Extent> extents = Consecutive({3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5});
  for (int64_t limit = 1; limit < 200; limit += 7) {
    const auto buckets = MakeBuckets(extents, {.first_bytes = limit / 3, .bytes = limit});
    int64_t end = 44;
    for (const Bucket& bucket : buckets) {
      EXPECT_EQ(bucket.extent.offset + bucket.extent.count, end) << "limit " << limit;
      end = bucket.extent.offset;
    }
    EXPECT_EQ(end, 0) << "limit " << limit;
  }
}

TEST(MakeBuckets, OfNothingAreNone) { EXPECT_TRUE(MakeBuckets({}, {}).empty()); }

}  // namespace
}  // namespace core
