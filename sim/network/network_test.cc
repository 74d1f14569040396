#include "sim/network/network.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/task.h"
#include "gtest/gtest.h"
#include "sim/collectives/sim_communicator.h"
#include "sim/engine/rank_clock.h"
#include "sim/testing/ranks.h"

namespace sim {
namespace {

using core::Buffer;
using core::DataType;
using core::SpanKind;
using core::Task;
using core::Work;
using testing::Floats;
using testing::kBandwidth;
using testing::kLatency;
using testing::Ranks;
using testing::ReceiveAll;
using testing::SendAll;
using testing::Star;

constexpr int64_t kModelCount = 25'557'032;

TEST(NetworkTest, AMessageTakesLatencyAndBytesOverBandwidth) {
  Ranks ranks(Star(), 2);
  ranks.Add(SendAll(ranks[0], 1, {1000}));
  ranks.Add(ReceiveAll(ranks[1], 0, {1000}));

  EXPECT_DOUBLE_EQ(ranks.Run(), kLatency + 4000 / kBandwidth);

  EXPECT_EQ(ranks.network().sharing().bytes(0), 4000);
}

TEST(NetworkTest, OverheadsAreAddedAtBothEnds) {
  Cluster cluster = Star();
  cluster.send_overhead = 1e-3;
  cluster.receive_overhead = 2e-3;
  Ranks ranks(cluster, 2);
  ranks.Add(SendAll(ranks[0], 1, {1000}));
  ranks.Add(ReceiveAll(ranks[1], 0, {1000}));

  EXPECT_DOUBLE_EQ(ranks.Run(), 3e-3 + kLatency + 4000 / kBandwidth);
}

TEST(NetworkTest, ARankHasTheOverheadOfOneMessageAtATime) {
  Cluster cluster = Star();
  cluster.send_overhead = 1e-3;
  cluster.receive_overhead = 2e-3;
  constexpr int kReceivers = 3;
  {
    Ranks ranks(cluster, 1 + kReceivers);
    for (int rank = 1; rank <= kReceivers; ++rank) {
      ranks.Add(SendAll(ranks[0], rank, {0}));
      ranks.Add(ReceiveAll(ranks[rank], 0, {0}));
    }
    EXPECT_NEAR(ranks.Run(), kReceivers * 1e-3 + kLatency + 2e-3, 1e-12);
  }
  Ranks ranks(cluster, 1 + kReceivers);
  for (int rank = 1; rank <= kReceivers; ++rank) {
    ranks.Add(SendAll(ranks[rank], 0, {0}));
    ranks.Add(ReceiveAll(ranks[0], rank, {0}));
  }
  EXPECT_NEAR(ranks.Run(), 1e-3 + kLatency + kReceivers * 2e-3, 1e-12);
}

Task ReceiveAndNoteWhen(Ranks& ranks, int64_t count, double& end) {
  Work received = ranks[1].Receive(Floats(count), 0, SpanKind::kPush);
  co_await received;
  end = ranks.clock(1).seconds();
}

TEST(NetworkTest, MessagesOfOneConnectionFlowOneAfterTheOther) {
  Ranks ranks(Star(), 2);
  std::vector<double> ends(10);
  ranks.Add(SendAll(ranks[0], 1, std::vector<int64_t>(ends.size(), 1'000'000)));
  for (double& end : ends) ranks.Add(ReceiveAndNoteWhen(ranks, 1'000'000, end));

  ranks.Run();

  for (size_t i = 0; i < ends.size(); ++i) {
    EXPECT_DOUBLE_EQ(ends[i], kLatency + static_cast<double>(i + 1) * 4e6 / kBandwidth);
  }
}

Task ReceiveLate(Ranks& ranks, double time) {
  ranks.clock(1).AdvanceTo(time);
  Work received = ranks[1].Receive(Floats(1000), 0, SpanKind::kPush);
  co_await received;
}

Task SendWithAPause(Ranks& ranks, std::vector<int64_t> before, double idle,
                    std::vector<int64_t> after) {
  co_await SendAll(ranks[0], 1, before);
  ranks.clock(0).AdvanceTo(ranks.clock(0).seconds() + idle);
  co_await SendAll(ranks[0], 1, after);
}

TEST(NetworkTest, ABurstPassesAtOnceAndItsTokensComeBackInIdleTime) {
  Cluster cluster = Star();
  cluster.nic.burst = 4e5;
  constexpr int64_t kCount = 500'000;  // 2 MB.
  constexpr double kIdle = 1e-4;       // Long enough for 125,000 bytes of tokens.
  Ranks ranks(cluster, 2);
  // The second finds no tokens.
  ranks.Add(SendWithAPause(ranks, {kCount, kCount}, kIdle, {kCount}));
  ranks.Add(ReceiveAll(ranks[1], 0, {kCount, kCount, kCount}));
  const double bytes = 3 * 4.0 * kCount;
  // Between the last two messages a latency passes, too, for which tokens come.
  const double passed = 4e5 + (kIdle + kLatency) * kBandwidth;
  EXPECT_NEAR(ranks.Run(), 2 * kLatency + kIdle + (bytes - passed) / kBandwidth, 1e-12);
}

TEST(NetworkTest, MessagesThatStartTogetherShareTheReceiversBurst) {
  Cluster cluster = Star();
  cluster.nic.burst = 4e5;
  constexpr int64_t kCount = 500'000;
  Ranks ranks(cluster, 4);
  for (int rank = 1; rank < 4; ++rank) {
    ranks.Add(SendAll(ranks[rank], 0, {kCount}));
    ranks.Add(ReceiveAll(ranks[0], rank, {kCount}));
  }
  EXPECT_NEAR(ranks.Run(), kLatency + (3 * 4.0 * kCount - 4e5) / kBandwidth, 1e-12);
}

TEST(NetworkTest, AMessageStartsWhenItsReceiverIsThere) {
  Ranks ranks(Star(), 2);
  ranks.Add(SendAll(ranks[0], 1, {1000}));
  ranks.Add(ReceiveLate(ranks, 5));

  EXPECT_DOUBLE_EQ(ranks.Run(), 5 + kLatency + 4000 / kBandwidth);
}

TEST(NetworkTest, AnEagerMessageStartsWhenItIsSent) {
  Cluster cluster = Star();
  cluster.eager_bytes = 4000;
  Ranks ranks(cluster, 2);
  ranks.Add(SendAll(ranks[0], 1, {1000}));
  ranks.Add(ReceiveLate(ranks, 5));

  EXPECT_DOUBLE_EQ(ranks.Run(), 5);
}

Task SendValues(SimCommunicator& communicator, std::vector<float> values) {
  Work sent =
      communicator.Send({values.data(), static_cast<int64_t>(values.size())}, 1, SpanKind::kPush);
  co_await sent;
}

Task ReceiveValues(Ranks& ranks, double time, std::vector<float>& values) {
  ranks.clock(1).AdvanceTo(time);
  Work received =
      ranks[1].Receive({values.data(), static_cast<int64_t>(values.size())}, 0, SpanKind::kPush);
  co_await received;
}

TEST(NetworkTest, MessagesCarryValuesWhetherEagerOrNot) {
  for (double eager_bytes : {0, 100}) {
    Cluster cluster = Star();
    cluster.eager_bytes = eager_bytes;
    Ranks ranks(cluster, 2);
    std::vector<float> first(2);
    std::vector<float> second(1);
    ranks.Add(SendValues(ranks[0], {1, 2}));
    ranks.Add(SendValues(ranks[0], {3}));
    ranks.Add(ReceiveValues(ranks, 1, first));
    ranks.Add(ReceiveValues(ranks, 1, second));

    ranks.Run();

    EXPECT_EQ(first, (std::vector<float>{1, 2}));
    EXPECT_EQ(second, (std::vector<float>{3}));
  }
}

TEST(NetworkTest, SizesThatDifferAreNamed) {
  Ranks ranks(Star(), 2);
  Task send = SendAll(ranks[0], 1, {3});
  Task receive = ReceiveAll(ranks[1], 0, {4});
  send.Start();
  receive.Start();
  try {
    receive.Rethrow();
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_STREQ(error.what(),
                 "rank 1: receives 16 bytes from rank 0, which sends 12: both sides of a message "
                 "need the same size");
  }
}

TEST(NetworkTest, NamesTheHalvesThatAreLeft) {
  Ranks ranks(Star(), 3);
  Task task = ReceiveAll(ranks[2], 1, {5});
  task.Start();
  ranks.network().engine().Run();

  const std::vector<Network::Waiting> waiting = ranks.network().Unmatched();
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].side, Network::Side::kReceive);
  EXPECT_EQ(waiting[0].rank, 2);
  EXPECT_EQ(waiting[0].peer, 1);
  EXPECT_EQ(waiting[0].bytes, 20);
}

// SimGrid 4.1's virtual times (model CM02, no cross-traffic), to all digits that it prints: a star
// of 10 Gbit/s nics, 100 µs a path, ResNet-50's 25,557,032 floats, 0.1 s of computing and 0.01 s of
// updating.
struct ServerModel {
  int workers;
  int steps;
  double stagger;  // Seconds that worker i computes i times longer.
};

Task Serve(Ranks& ranks, ServerModel model) {
  for (int step = 0; step < model.steps; ++step) {
    std::vector<Work> works;
    for (int worker = 1; worker <= model.workers; ++worker) {
      works.push_back(ranks[0].Send(Floats(kModelCount), worker, SpanKind::kPull));
      works.push_back(ranks[0].Receive(Floats(kModelCount), worker, SpanKind::kPush));
    }
    for (Work& work : works) co_await work;
    ranks.clock(0).AdvanceTo(ranks.clock(0).seconds() + 0.01);
  }
}

Task PullAndPush(Ranks& ranks, int rank, ServerModel model) {
  for (int step = 0; step < model.steps; ++step) {
    Work pull = ranks[rank].Receive(Floats(kModelCount), 0, SpanKind::kPull);
    co_await pull;
    RankClock& clock = ranks.clock(rank);
    clock.AdvanceTo(clock.seconds() + 0.1 + model.stagger * (rank - 1));
    Work push = ranks[rank].Send(Floats(kModelCount), 0, SpanKind::kPush);
    co_await push;
  }
}

double ParameterServer(ServerModel model) {
  Ranks ranks(Star(), model.workers + 1);
  ranks.Add(Serve(ranks, model));
  for (int rank = 1; rank <= model.workers; ++rank) ranks.Add(PullAndPush(ranks, rank, model));
  return ranks.Run();
}

TEST(NetworkTest, TheParameterServerTakesSimGridsTime) {
  constexpr double kDigits = 0.5000001e-6;
  for (const auto& [workers, seconds] :
       std::vector<std::pair<int, double>>{{16, 8.181720},
                                           {256, 125.948524},
                                           {1024, 502.802295},
                                           {4096, 2010.217379},
                                           {16384, 8039.877716},
                                           {65536, 32158.519064}}) {
    EXPECT_NEAR(ParameterServer({workers, 3, 0}), seconds, kDigits) << workers;
  }
}

TEST(NetworkTest, TheStaggeredParameterServerTakesSimGridsTime) {
  constexpr double kDigits = 0.5000001e-6;
  for (const auto& [workers, seconds] :
       std::vector<std::pair<int, double>>{{256, 41.982841},
                                           {1024, 167.600765},
                                           {4096, 670.072460},
                                           {16384, 2679.959239},
                                           {65536, 10719.506355}}) {
    EXPECT_NEAR(ParameterServer({workers, 1, 10e-6}), seconds, kDigits) << workers;
  }
}

TEST(NetworkTest, MoreLatencyIsNeverFaster) {
  double last = 0;
  for (double latency : {0.0, 1e-6, 50e-6, 1e-3, 1.0}) {
    Cluster cluster = Star();
    cluster.nic.latency = latency;
    Ranks ranks(cluster, 5);
    const ServerModel model{4, 2, 1e-3};
    ranks.Add(Serve(ranks, model));
    for (int rank = 1; rank <= 4; ++rank) ranks.Add(PullAndPush(ranks, rank, model));
    const double time = ranks.Run();
    EXPECT_GE(time, last);
    EXPECT_GE(time, 2 * (2 * 4 * kModelCount * 4.0 / kBandwidth + 0.11));
    last = time;
  }
}

}  // namespace
}  // namespace sim
