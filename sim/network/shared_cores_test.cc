// Messages between hosts that share a machine's cores.
#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "sim/network/network.h"
#include "sim/testing/ranks.h"

namespace sim {
namespace {

using testing::kBandwidth;
using testing::kLatency;
using testing::Ranks;
using testing::ReceiveAll;
using testing::SendAll;
using testing::Star;

// Pairs of ranks, one of which sends the other one message.
double PairsTime(const Cluster& cluster, int pairs, int64_t count) {
  Ranks ranks(cluster, 2 * pairs);
  for (int pair = 0; pair < pairs; ++pair) {
    ranks.Add(SendAll(ranks[2 * pair], 2 * pair + 1, {count}));
    ranks.Add(ReceiveAll(ranks[2 * pair + 1], 2 * pair, {count}));
  }
  return ranks.Run();
}

TEST(SharedCoresTest, OverheadsTakeTheCoresThatHostsShare) {
  Cluster cluster = Star();
  cluster.send_overhead = 1e-3;
  cluster.receive_overhead = 2e-3;
  cluster.shared_cores = {2, 1e-9};
  for (int pairs : {1, 2, 3, 8}) {
    EXPECT_NEAR(PairsTime(cluster, pairs, 0), 3e-3 * std::max(1.0, pairs / 2.0) + kLatency, 1e-12);
  }
  // A rank sends with one core, however many there are.
  cluster.receive_overhead = 0;
  cluster.shared_cores.count = 9;
  Ranks ranks(cluster, 4);
  for (int rank = 1; rank < 4; ++rank) {
    ranks.Add(SendAll(ranks[0], rank, {0}));
    ranks.Add(ReceiveAll(ranks[rank], 0, {0}));
  }
  EXPECT_NEAR(ranks.Run(), 3 * 1e-3 + kLatency, 1e-12);
}

// Overheads end, and messages arrive, at the same instants all the time.
TEST(SharedCoresTest, ManyMessagesOverSharedCoresEndInNoLessThanTheyTake) {
  std::mt19937 random(7);
  const auto below = [&](int end) {
    return static_cast<int>(random() % static_cast<unsigned>(end));
  };
  for (int world = 0; world < 300; ++world) {
    Cluster cluster = Star();
    cluster.nic.latency = below(2) * 50e-6;
    cluster.send_overhead = (1 + below(3)) * 10e-6;
    cluster.receive_overhead = (1 + below(3)) * 10e-6;
    cluster.shared_cores = {static_cast<double>(1 + below(4)), (1 + below(3)) * 0.5e-9};
    const int size = 2 + below(5);
    Ranks ranks(cluster, size);
    double seconds = 0;  // Of cores.
    for (int from = 0; from < size; ++from) {
      for (int to = 0; to < size; ++to) {
        if (from == to) continue;
        const std::vector<int64_t> counts(static_cast<size_t>(below(5)), below(4) * 2500);
        ranks.Add(SendAll(ranks[from], to, counts));
        ranks.Add(ReceiveAll(ranks[to], from, counts));
        for (int64_t count : counts) {
          seconds += cluster.send_overhead + cluster.receive_overhead +
                     4.0 * static_cast<double>(count) * cluster.shared_cores.seconds_per_byte;
        }
      }
    }
    EXPECT_GE(ranks.Run(), seconds / cluster.shared_cores.count * (1 - 1e-9)) << world;
  }
}

TEST(SharedCoresTest, BytesTakeTheCoresThatHostsShare) {
  Cluster cluster = Star();
  cluster.shared_cores = {2, 1e-9};  // 2 GB/s in all.
  constexpr double kSize = 4e6;
  for (int pairs : {1, 2, 8}) {
    EXPECT_NEAR(PairsTime(cluster, pairs, 1'000'000),
                kLatency + kSize / std::min(kBandwidth, 2e9 / pairs), 1e-12);
  }
}

}  // namespace
}  // namespace sim
