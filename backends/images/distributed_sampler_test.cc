#include "backends/images/distributed_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "absl/strings/str_format.h"
#include "backends/images/testing/fnv1a64.h"

namespace backends {
namespace {

const nlohmann::json& Golden() {
  static const nlohmann::json golden =
      nlohmann::json::parse(std::ifstream("backends/images/testdata/distributed_sampler.json"));
  return golden;
}

TEST(DistributedSamplerTest, PermutesAsTorchRandpermDoes) {
  ASSERT_EQ(Golden()["randperm"].size(), 12u);
  for (const nlohmann::json& expected : Golden()["randperm"]) {
    SCOPED_TRACE(expected.dump());
    const std::vector<int64_t> order = RandomPermutation(expected["length"], expected["seed"]);

    const std::vector<int64_t> first = expected["first"];
    EXPECT_TRUE(std::equal(first.begin(), first.end(), order.begin()));
    if (expected["fnv1a64_le64"].is_null()) continue;
    EXPECT_EQ(Fnv1a64(order.data(), order.size() * sizeof(order[0])), expected["fnv1a64_le64"]);
  }
}

TEST(DistributedSamplerTest, GivesEveryRankPyTorchsSamples) {
  ASSERT_EQ(Golden()["cases"].size(), 51u);
  int compared = 0;
  for (const nlohmann::json& expected : Golden()["cases"]) {
    SCOPED_TRACE(expected.dump());
    if (!expected["shuffle"] || expected["drop_last"]) continue;  // Not used in training.
    ++compared;
    for (int rank = 0; rank < expected["world"]; ++rank) {
      const SamplerOptions options{.size = expected["length"],
                                   .rank = rank,
                                   .ranks = expected["world"],
                                   .seed = expected["seed"]};
      EXPECT_EQ(SamplesPerRank(options), expected["num_samples"]);
      EXPECT_EQ(DistributedSamples(options, expected["epoch"]), expected["ranks"][rank]);
    }
  }
  EXPECT_EQ(compared, 14);
}

TEST(DistributedSamplerTest, ShardsHoldEverySampleOnce) {
  for (const int ranks : {1, 3, 8}) {
    for (const int64_t size : {1, 7, 24}) {
      std::vector<int64_t> all;
      for (int rank = 0; rank < ranks; ++rank) {
        const std::vector<int64_t> shard = ShardedSamples(size, rank, ranks);
        all.insert(all.end(), shard.begin(), shard.end());
      }
      std::sort(all.begin(), all.end());
      std::vector<int64_t> expected(size);
      std::iota(expected.begin(), expected.end(), 0);
      EXPECT_EQ(all, expected) << ranks << " ranks";
    }
  }
}

}  // namespace
}  // namespace backends
