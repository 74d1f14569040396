#include "sim/network.h"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/task.h"
#include "gtest/gtest.h"
#include "sim/rank_clock.h"
#include "sim/sim_communicator.h"

namespace sim {
namespace {

using core::Buffer;
using core::DataType;
using core::SpanKind;
using core::Task;
using core::Work;

constexpr double kBandwidth = 1.25e9;  // 10 Gbit/s.
constexpr double kLatency = 100e-6;    // Of a path.
constexpr int64_t kModelCount = 25'557'032;

Buffer Floats(int64_t count) { return {nullptr, count, DataType::kFloat32}; }

Cluster Star() { return {.card = {kBandwidth, kLatency / 2}}; }

// A world with one communicator a rank.
class Ranks {
 public:
  Ranks(const Cluster& cluster, int count) : cluster_(cluster), network_(engine_, cluster_, count) {
    for (int rank = 0; rank < count; ++rank) {
      states_.push_back(std::make_unique<RankState>(engine_, rank));
      communicators_.push_back(
          std::make_unique<SimCommunicator>(network_, nullptr, *states_.back()));
    }
  }

  SimCommunicator& operator[](int rank) { return *communicators_[static_cast<size_t>(rank)]; }
  RankClock& clock(int rank) { return states_[static_cast<size_t>(rank)]->clock; }
  Network& network() { return network_; }

  // Adds a rank's coroutine.
  void Add(Task task) { tasks_.push_back(std::move(task)); }
  // Returns the virtual time at which all have ended.
  double Run() {
    for (Task& task : tasks_) task.Start();
    engine_.Run();
    double end = 0;
    for (const Task& task : tasks_) {
      EXPECT_TRUE(task.done());
      task.Rethrow();
    }
    for (const auto& state : states_) end = std::max(end, state->clock.seconds());
    return end;
  }

 private:
  Engine engine_;
  const Cluster cluster_;
  Network network_;
  std::vector<std::unique_ptr<RankState>> states_;
  std::vector<std::unique_ptr<SimCommunicator>> communicators_;
  std::vector<Task> tasks_;
};

Task SendAll(SimCommunicator& communicator, int to, std::vector<int64_t> counts) {
  std::vector<Work> works;
  for (int64_t count : counts) {
    works.push_back(communicator.Send(Floats(count), to, SpanKind::kPush));
  }
  for (Work& work : works) co_await work;
}

Task ReceiveAll(SimCommunicator& communicator, int from, std::vector<int64_t> counts) {
  std::vector<Work> works;
  for (int64_t count : counts) {
    works.push_back(communicator.Receive(Floats(count), from, SpanKind::kPush));
  }
  for (Work& work : works) co_await work;
}

TEST(NetworkTest, AMessageTakesLatencyAndBytesOverBandwidth) {
  Ranks ranks(Star(), 2);
  ranks.Add(SendAll(ranks[0], 1, {1000}));
  ranks.Add(ReceiveAll(ranks[1], 0, {1000}));

  EXPECT_DOUBLE_EQ(ranks.Run(), kLatency + 4000 / kBandwidth);

  EXPECT_EQ(ranks.network().sharing().use(0).bytes, 4000);
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

// Pairs of ranks, one of which sends the other one message.
double PairsTime(const Cluster& cluster, int pairs, int64_t count) {
  Ranks ranks(cluster, 2 * pairs);
  for (int pair = 0; pair < pairs; ++pair) {
    ranks.Add(SendAll(ranks[2 * pair], 2 * pair + 1, {count}));
    ranks.Add(ReceiveAll(ranks[2 * pair + 1], 2 * pair, {count}));
  }
  return ranks.Run();
}

TEST(NetworkTest, OverheadsTakeTheCoresThatHostsShare) {
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
TEST(NetworkTest, ManyMessagesOverSharedCoresEndInNoLessThanTheyTake) {
  std::mt19937 random(7);
  const auto below = [&](int end) {
    return static_cast<int>(random() % static_cast<unsigned>(end));
  };
  for (int world = 0; world < 300; ++world) {
    Cluster cluster = Star();
    cluster.card.latency = below(2) * 50e-6;
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

TEST(NetworkTest, BytesTakeTheCoresThatHostsShare) {
  Cluster cluster = Star();
  cluster.shared_cores = {2, 1e-9};  // 2 GB/s in all.
  constexpr double kSize = 4e6;
  for (int pairs : {1, 2, 8}) {
    EXPECT_NEAR(PairsTime(cluster, pairs, 1'000'000),
                kLatency + kSize / std::min(kBandwidth, 2e9 / pairs), 1e-12);
  }
}

TEST(NetworkTest, MessagesOfOneConnectionFlowOneAfterTheOther) {
  Ranks ranks(Star(), 2);
  const std::vector<int64_t> counts(10, 1'000'000);
  ranks.Add(SendAll(ranks[0], 1, counts));
  ranks.Add(ReceiveAll(ranks[1], 0, counts));

  EXPECT_DOUBLE_EQ(ranks.Run(), kLatency + 10 * 4e6 / kBandwidth);

  EXPECT_EQ(ranks.network().sharing().use(0).peak_flows, 1u);
}

Task ReceiveLate(Ranks& ranks, double time) {
  ranks.clock(1).AdvanceTo(time);
  Work received = ranks[1].Receive(Floats(1000), 0, SpanKind::kPush);
  co_await received;
}

TEST(NetworkTest, ABurstPassesAtOnceAndItsTokensComeBackInIdleTime) {
  Cluster cluster = Star();
  cluster.card.burst = 4e5;
  static constexpr int64_t kCount = 500'000;  // 2 MB.
  static constexpr double kIdle = 1e-4;       // Long enough for 125,000 bytes of tokens.
  Ranks ranks(cluster, 2);
  const auto send = [](Ranks& all) -> Task {
    const std::vector<int64_t> two(2, int64_t{kCount});  // The second finds no tokens.
    co_await SendAll(all[0], 1, two);
    all.clock(0).AdvanceTo(all.clock(0).seconds() + kIdle);
    const std::vector<int64_t> one(1, int64_t{kCount});
    co_await SendAll(all[0], 1, one);
  };
  ranks.Add(send(ranks));
  ranks.Add(ReceiveAll(ranks[1], 0, {kCount, kCount, kCount}));
  const double bytes = 3 * 4.0 * kCount;
  // Between the last two messages a latency passes, too, for which tokens come.
  const double passed = 4e5 + (kIdle + kLatency) * kBandwidth;
  EXPECT_NEAR(ranks.Run(), 2 * kLatency + kIdle + (bytes - passed) / kBandwidth, 1e-12);
}

TEST(NetworkTest, MessagesThatStartTogetherShareTheReceiversBurst) {
  Cluster cluster = Star();
  cluster.card.burst = 4e5;
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
// of 10 Gbit/s cards, 100 µs a path, ResNet-50's 25,557,032 floats, computing 0.1 s, updating 0.01
// s.
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
    cluster.card.latency = latency;
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
