#include "sim/cost/collective_cost.h"

#include <cmath>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "core/task.h"
#include "gtest/gtest.h"
#include "sim/collectives/make_collectives.h"
#include "sim/collectives/sim_communicator.h"
#include "sim/engine/rank_clock.h"
#include "sim/network/network.h"

namespace sim {
namespace {

using core::AllReduceAlgorithm;
using core::AllReduceOptions;
using core::Buffer;

constexpr double kBandwidth = 1.25e9;
constexpr double kLatency = 100e-6;  // Of a path.
constexpr double kDigits = 1e-9;     // Relative.
constexpr double kNever = 1e30;      // Bytes per second of what should cost nothing.
// Divides into equal chunks and segments for all sizes used here.
constexpr int64_t kCount = 1 << 23;

Cluster Star() { return {.nic = {kBandwidth, kLatency / 2}}; }
Buffer Floats(int64_t count) { return {nullptr, count, core::DataType::kFloat32}; }

core::Task AllReduceOnce(SimCommunicator& communicator, int64_t count) {
  core::Work work = communicator.AllReduce(Floats(count));
  co_await work;
}
core::Task AllReduceThrice(SimCommunicator& communicator, int64_t count) {
  std::vector<core::Work> works;
  for (int i = 0; i < 3; ++i) works.push_back(communicator.AllReduce(Floats(count)));
  for (core::Work& work : works) co_await work;
}
core::Task BroadcastOnce(SimCommunicator& communicator, int64_t count) {
  core::Work work = communicator.Broadcast(Floats(count), 0);
  co_await work;
}
core::Task GatherOnce(SimCommunicator& communicator, int64_t count) {
  core::Work scattered = communicator.ReduceScatter(Floats(count));
  core::Work gathered = communicator.AllGather(Floats(count));
  co_await scattered;
  co_await gathered;
}

using Body = core::Task (*)(SimCommunicator&, int64_t);

using By = CollectiveMode;

// Virtual seconds until all ranks have done it.
double Time(const Cluster& cluster, By by, AllReduceOptions options, int size, Body body,
            int64_t count = kCount, double add_bytes_per_second = kNever) {
  Engine engine;
  Network network(engine, cluster, size);
  const std::unique_ptr<Collectives> collectives =
      MakeCollectives(by, options, network, add_bytes_per_second);
  std::deque<RankState> states;
  std::vector<std::unique_ptr<SimCommunicator>> communicators;
  std::vector<core::Task> tasks;
  for (int rank = 0; rank < size; ++rank) {
    states.emplace_back(engine, rank);
    communicators.push_back(
        std::make_unique<SimCommunicator>(network, collectives.get(), states.back()));
    tasks.push_back(body(*communicators.back(), count));
  }
  for (core::Task& task : tasks) task.Start();
  engine.Run();
  for (const core::Task& task : tasks) EXPECT_TRUE(task.done());
  return engine.now();
}

double MessageTime(AllReduceAlgorithm algorithm, int size, Body body = AllReduceOnce) {
  return Time(Star(), By::kMessages, {algorithm, 1}, size, body);
}

void ExpectEqual(double actual, double expected) {
  EXPECT_NEAR(actual, expected, kDigits * expected);
}

constexpr double kBytes = 4.0 * kCount;

TEST(CollectiveCostTest, ARingByMessagesTakesItsClosedForm) {
  for (int n : {2, 4, 16, 64}) {
    ExpectEqual(MessageTime(AllReduceAlgorithm::kRing, n),
                2 * (n - 1) * (kLatency + kBytes / (n * kBandwidth)));
    ExpectEqual(MessageTime(AllReduceAlgorithm::kRing, n, GatherOnce),
                2 * (n - 1) * (kLatency + kBytes / (n * kBandwidth)));
  }
}

TEST(CollectiveCostTest, HalvingAndDoublingByMessagesTakesItsClosedForm) {
  for (int n : {2, 4, 16, 64}) {
    ExpectEqual(MessageTime(AllReduceAlgorithm::kHalvingDoubling, n),
                2 * std::log2(n) * kLatency + 2.0 * (n - 1) / n * kBytes / kBandwidth);
  }
}

// 2²³ floats are up to eight segments of 2 MiB a share, of which with 16 ranks there is one.
TEST(CollectiveCostTest, ADirectExchangeByMessagesTakesItsClosedForm) {
  constexpr auto kDirect = AllReduceAlgorithm::kDirectExchange;
  for (int n : {16, 64}) {
    const double hop = kLatency + (n - 1.0) / n * kBytes / kBandwidth;
    ExpectEqual(MessageTime(kDirect, n), 2 * hop);
    ExpectEqual(MessageTime(kDirect, n, BroadcastOnce),
                2 * kLatency + (3.0 * n - 4) / n * kBytes / kBandwidth);
  }
  // Links are never idle but for the first latency.
  for (int n : {2, 4, 8}) {
    ExpectEqual(MessageTime(kDirect, n), kLatency + 2 * (n - 1.0) / n * kBytes / kBandwidth);
  }
  for (int n : {2, 16}) {
    constexpr int64_t kFew = 32 << 10;  // 128 KiB.
    ExpectEqual(Time(Star(), By::kMessages, {kDirect, 1}, n, AllReduceOnce, kFew),
                kLatency + (n - 1) * 4.0 * kFew / kBandwidth);
  }
}

// All send their pieces one after the other from the start, and the sums beside the pieces of later
// ones, so that the links are never idle: the last sums are ready when those before them have gone.
TEST(CollectiveCostTest, DirectExchangesThatWaitHaveBegunToSend) {
  constexpr int n = 16;
  const double hop = (n - 1.0) / n * kBytes / kBandwidth;
  ExpectEqual(MessageTime(AllReduceAlgorithm::kDirectExchange, n, AllReduceThrice),
              kLatency + 6 * hop);
}

TEST(CollectiveCostTest, FewElementsThatAreSentTogetherHaveTheOverheadOfOneMessage) {
  constexpr int64_t kFew = 1000;
  Cluster cluster = Star();
  cluster.send_overhead = 1e-3;
  ExpectEqual(Time(cluster, By::kMessages, {AllReduceAlgorithm::kDirectExchange, 1}, 2,
                   AllReduceThrice, kFew),
              1e-3 + kLatency + 3 * 4.0 * kFew / kBandwidth);
}

TEST(CollectiveCostTest, ADirectExchangeAddsUpInItsTime) {
  constexpr AllReduceOptions kDirect = {AllReduceAlgorithm::kDirectExchange, 1};
  constexpr double kRate = 2e9;
  constexpr int n = 16;  // One segment a share.
  const double moved = (n - 1.0) / n * kBytes;
  ExpectEqual(Time(Star(), By::kMessages, kDirect, n, AllReduceOnce, kCount, kRate),
              2 * (kLatency + moved / kBandwidth) + moved / kRate);
  constexpr int64_t kFew = 32 << 10;
  ExpectEqual(Time(Star(), By::kMessages, kDirect, n, AllReduceOnce, kFew, kRate),
              kLatency + (n - 1) * 4.0 * kFew * (1 / kBandwidth + 1 / kRate));
  for (int ranks : {2, 4, 8, 16}) {
    for (int64_t count : {kFew, kCount, 3 * kCount}) {
      ExpectEqual(Time(Star(), By::kFormula, kDirect, ranks, AllReduceOnce, count, kRate),
                  Time(Star(), By::kMessages, kDirect, ranks, AllReduceOnce, count, kRate));
    }
  }
}

TEST(CollectiveCostTest, ABroadcastByMessagesTakesItsClosedForm) {
  for (int n : {2, 4, 16}) {
    ExpectEqual(MessageTime(AllReduceAlgorithm::kRing, n, BroadcastOnce),
                std::log2(n) * (kLatency + kBytes / kBandwidth));
  }
}

// SimGrid 4.1 (CM02, no cross-traffic), ResNet-50's gradients, every message simulated. It cuts
// bytes into equal chunks, where ours are of whole floats.
TEST(CollectiveCostTest, ARingByMessagesTakesSimGridsTime) {
  constexpr int64_t kResNet50 = 25'557'032;
  for (const auto& [n, seconds] : std::vector<std::pair<int, double>>{
           {8, 0.144519}, {64, 0.173609}, {256, 0.213926}, {1024, 0.368005}}) {
    const double time =
        Time(Star(), By::kMessages, {AllReduceAlgorithm::kRing, 1}, n, AllReduceOnce, kResNet50);
    const double rounding = 2.0 * (n - 1) * 4 / kBandwidth;  // A float a round.
    EXPECT_GE(time, seconds - 0.5e-6);
    EXPECT_LE(time, seconds + 0.5e-6 + rounding);
  }
}

TEST(CollectiveCostTest, FormulasAgreeWithMessagesWhereTheyAreExact) {
  Cluster racks = Star();
  racks.hosts_per_rack = 4;
  racks.oversubscription = 4;
  Cluster hosts = Star();
  hosts.ranks_per_host = 4;
  hosts.inside_host = {12.5e9, kLatency / 2};
  Cluster slow = Star();
  slow.nic.latency = 20e-3;
  Cluster overheads = Star();
  overheads.send_overhead = 3e-6;
  overheads.receive_overhead = 7e-6;
  for (const Cluster& cluster : {Star(), racks, hosts, slow, overheads}) {
    for (AllReduceAlgorithm algorithm :
         {AllReduceAlgorithm::kSegmentedRing, AllReduceAlgorithm::kRing,
          AllReduceAlgorithm::kHalvingDoubling, AllReduceAlgorithm::kDirectExchange}) {
      // Overheads of several messages at a time come one after the other.
      if (algorithm == AllReduceAlgorithm::kDirectExchange && cluster.send_overhead > 0) continue;
      for (int n : {2, 8, 16}) {
        SCOPED_TRACE(core::Name(algorithm));
        SCOPED_TRACE(n);
        ExpectEqual(Time(cluster, By::kMessages, {algorithm, 1}, n, AllReduceOnce),
                    Time(cluster, By::kFormula, {algorithm, 1}, n, AllReduceOnce));
      }
    }
  }
}

// All links are needed all the time, so whatever is not in step costs.
TEST(CollectiveCostTest, TheDoubleTreeNeedsUpToAThirdMoreThanItsFormula) {
  for (int n : {4, 8, 16, 64}) {
    const AllReduceOptions options{AllReduceAlgorithm::kDoubleTree, 1};
    const double messages = Time(Star(), By::kMessages, options, n, AllReduceOnce);
    const double formula = Time(Star(), By::kFormula, options, n, AllReduceOnce);
    EXPECT_GE(messages / formula, 1) << n;
    EXPECT_LE(messages / formula, 1.34) << n;
  }
}

TEST(CollectiveCostTest, NoAllReduceIsFasterThanItsBytes) {
  for (const auto algorithm :
       {AllReduceAlgorithm::kSegmentedRing, AllReduceAlgorithm::kRing,
        AllReduceAlgorithm::kHalvingDoubling, AllReduceAlgorithm::kDoubleTree,
        AllReduceAlgorithm::kDirectExchange}) {
    for (int n : {2, 3, 5, 8, 13}) {
      EXPECT_GE(MessageTime(algorithm, n),
                kLatency + 2.0 * (n - 1) / n * kBytes / kBandwidth * (1 - kDigits))
          << core::Name(algorithm) << " " << n;
    }
  }
}

}  // namespace
}  // namespace sim
