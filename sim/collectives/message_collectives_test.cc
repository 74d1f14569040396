// What the simulator's direct exchanges send is what core/testing writes down, as on a real wire.

#include "sim/collectives/message_collectives.h"

#include <memory>
#include <vector>

#include "core/collectives/all_reduce_algorithm.h"
#include "core/collectives/collective_queue.h"
#include "core/collectives/message_exchange.h"
#include "core/testing/direct_exchange_conformance.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/collectives/sim_communicator.h"
#include "sim/testing/sim_world.h"

namespace sim {
namespace {

using core::testing::ExchangeCase;
using core::testing::ExchangedMessage;
using Hop = ExchangedMessage::Hop;

const Cluster kStar = {.nic = {1.25e9, 50e-6}, .send_overhead = 1e-6, .receive_overhead = 2e-6};
constexpr core::AllReduceOptions kDirect = {core::AllReduceAlgorithm::kDirectExchange, 1};
constexpr double kAddBytesPerSecond = 1e10;

std::unique_ptr<core::testing::World> MakeExchangeWorld() {
  return testing::MakeSimWorld(kStar, kDirect);
}

// Notes the messages of a channel before they are sent.
class RecordingCommunicator : public SimCommunicator {
 public:
  RecordingCommunicator(Network& network, Network::Channel channel, const RankState& state, Hop hop,
                        std::vector<ExchangedMessage>& messages)
      : SimCommunicator(network, channel, state), hop_(hop), messages_(messages) {}

  core::Work Send(core::Buffer source, int to, core::SpanKind kind) override {
    messages_.push_back({true, hop_, to, source.bytes()});
    return SimCommunicator::Send(source, to, kind);
  }
  core::Work Receive(core::Buffer target, int from, core::SpanKind kind) override {
    messages_.push_back({false, hop_, from, target.bytes()});
    return SimCommunicator::Receive(target, from, kind);
  }

 private:
  const Hop hop_;
  std::vector<ExchangedMessage>& messages_;
};

struct RecordedRank {
  RecordedRank(Network& network, int rank)
      : state(network.engine(), rank),
        opening(network, Network::Channel::kOpenings, state, Hop::kOpening, messages),
        scattering(network, Network::Channel::kCollectives, state, Hop::kScatter, messages),
        gathering(network, Network::Channel::kGathering, state, Hop::kGather, messages) {}

  std::vector<ExchangedMessage> messages;
  RankState state;
  RecordingCommunicator opening, scattering, gathering;
  core::Task task;
};

core::Task RunOne(RecordedRank& rank, ExchangeCase test) {
  core::CollectiveQueue queue;
  queue.Add(std::make_unique<core::MessageExchange>(
      core::CollectiveCall{test.kind, {nullptr, test.count}, test.root()},
      core::MessageExchange::Ways{rank.opening, rank.scattering, rank.gathering}));
  std::unique_ptr<core::DirectExchange> advanced;
  while (!advanced) {
    queue.MakeProgress();
    co_await queue.AdvanceOldest();
    advanced = queue.TakeAdvanced();
  }
  co_await advanced->Finish();
}

TEST(MessageCollectivesTest, MessagesAreThoseOfADirectExchangeInTheirOrder) {
  for (const ExchangeCase& test : core::testing::ExchangeCases()) {
    Engine engine;
    Network network(engine, kStar, test.size);
    std::vector<std::unique_ptr<RecordedRank>> ranks;
    for (int rank = 0; rank < test.size; ++rank) {
      ranks.push_back(std::make_unique<RecordedRank>(network, rank));
      ranks.back()->task = RunOne(*ranks.back(), test);
    }
    for (const auto& rank : ranks) rank->task.Start();
    engine.Run();
    for (const auto& rank : ranks) {
      ASSERT_TRUE(rank->task.done()) << test;
      rank->task.Rethrow();
      EXPECT_THAT(rank->messages, ::testing::ElementsAreArray(
                                      core::testing::ExpectedMessages(test, rank->state.rank)))
          << test << ", rank " << rank->state.rank;
    }
  }
}

core::Task CallOne(SimCommunicator& communicator, ExchangeCase test) {
  const core::Buffer data{nullptr, test.count};
  core::Work work = test.kind == core::SpanKind::kAllReduce       ? communicator.AllReduce(data)
                    : test.kind == core::SpanKind::kReduceScatter ? communicator.ReduceScatter(data)
                    : test.kind == core::SpanKind::kAllGather
                        ? communicator.AllGather(data)
                        : communicator.Broadcast(data, test.root());
  co_await work;
}

TEST(MessageCollectivesTest, CollectivesAreSoManyMessages) {
  for (const ExchangeCase& test : core::testing::ExchangeCases()) {
    Engine engine;
    Network network(engine, kStar, test.size);
    MessageCollectives collectives(network, kDirect, kAddBytesPerSecond);
    std::vector<std::unique_ptr<RankState>> states;
    std::vector<std::unique_ptr<SimCommunicator>> communicators;
    std::vector<core::Task> tasks;
    uint64_t sent = 0;
    for (int rank = 0; rank < test.size; ++rank) {
      states.push_back(std::make_unique<RankState>(engine, rank));
      communicators.push_back(
          std::make_unique<SimCommunicator>(network, &collectives, *states.back()));
      tasks.push_back(CallOne(*communicators.back(), test));
      for (const ExchangedMessage& message : core::testing::ExpectedMessages(test, rank)) {
        sent += message.sends ? 1 : 0;
      }
    }
    for (core::Task& task : tasks) task.Start();
    engine.Run();
    for (const core::Task& task : tasks) EXPECT_TRUE(task.done()) << test;
    EXPECT_EQ(network.message_count(), sent) << test;
  }
}

}  // namespace
}  // namespace sim

namespace core::testing {

INSTANTIATE_TEST_SUITE_P(Simulated, DirectExchangeConformance,
                         ::testing::Values(sim::MakeExchangeWorld));

}  // namespace core::testing
