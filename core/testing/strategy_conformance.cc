#include "core/testing/strategy_conformance.h"

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "core/testing/arithmetic_replica.h"
#include "core/training/checkpoint.h"

namespace core::testing {
namespace {

constexpr int kSteps = 6;
constexpr int kFirstSeed = 3;

Task TrainOneRank(Communicator& communicator, const StrategyVariant& variant) {
  const std::unique_ptr<Strategy> strategy = *variant.strategy.make(variant.options);
  const int rank = communicator.rank();
  const Roles roles = strategy->roles(communicator.size());
  const bool trains = roles.trains(rank);
  ArithmeticReplica replica(trains ? roles.shard(rank) : 0, kFirstSeed + rank);
  Worker worker{communicator, replica};
  co_await strategy->Start(worker);
  for (int step = 0; step < kSteps; ++step) co_await strategy->Step(worker);
  co_await strategy->Synchronize(worker);
  EXPECT_EQ(replica.passes(), trains ? kSteps : 0) << "rank " << rank;
  if (trains) {
    EXPECT_EQ(replica.values(), ExpectedParameters(roles.workers, kFirstSeed, kSteps))
        << "rank " << rank;
  }
}

TEST_P(StrategyConformance, GivesEveryWorkerTheBitsOfPlainArithmetic) {
  const auto& [variant, factory] = GetParam();
  const std::unique_ptr<Strategy> strategy = *variant.strategy.make(variant.options);
  for (int size = 1; size <= 6; ++size) {
    if (strategy->roles(size).workers == 0) continue;
    SCOPED_TRACE("size " + std::to_string(size));
    RunRanks(*factory(), size,
             [&](Communicator& communicator) { return TrainOneRank(communicator, variant); });
  }
}

// Trains, stops after `stop` steps, and goes on with replicas that start from other parameters.
Task StopAndGoOn(Communicator& communicator, const StrategyVariant& variant, int stop) {
  const int rank = communicator.rank();
  const std::unique_ptr<Strategy> before = *variant.strategy.make(variant.options);
  const Roles roles = before->roles(communicator.size());
  const int shard = roles.trains(rank) ? roles.shard(rank) : 0;
  ArithmeticReplica stopped(shard, kFirstSeed + rank);
  Worker worker{communicator, stopped};
  co_await before->Start(worker);
  for (int step = 0; step < stop; ++step) co_await before->Step(worker);
  const Checkpoint checkpoint = TakeCheckpoint(worker, *before, stopped, {0, stop}, {});

  const std::unique_ptr<Strategy> after = *variant.strategy.make(variant.options);
  ArithmeticReplica resumed(shard, kFirstSeed + 100 + rank);
  Worker again{communicator, resumed};
  co_await after->Start(again);
  co_await RestoreCheckpoint(again, *after, resumed, checkpoint);
  resumed.BeginEpoch(0, stop);
  for (int step = stop; step < kSteps; ++step) co_await after->Step(again);
  co_await after->Synchronize(again);
  if (!roles.trains(rank)) co_return;
  EXPECT_EQ(resumed.values(), ExpectedParameters(roles.workers, kFirstSeed, kSteps))
      << "rank " << rank;
  EXPECT_EQ(resumed.passes(), kSteps) << "rank " << rank;
  EXPECT_EQ(*static_cast<float*>(resumed.statistics().data), kSteps) << "rank " << rank;
}

TEST_P(StrategyConformance, GoesOnFromACheckpointWithTheSameBits) {
  const auto& [variant, factory] = GetParam();
  const std::unique_ptr<Strategy> strategy = *variant.strategy.make(variant.options);
  for (int size = 1; size <= 5; ++size) {
    if (strategy->roles(size).workers == 0) continue;
    for (const int stop : {0, 1, 4}) {
      SCOPED_TRACE("size " + std::to_string(size) + ", after step " + std::to_string(stop));
      RunRanks(*factory(), size, [&](Communicator& communicator) {
        return StopAndGoOn(communicator, variant, stop);
      });
    }
  }
}

// What ranks keep, put together, is every parameter once.
TEST_P(StrategyConformance, EveryParameterIsKeptByOneRank) {
  const StrategyVariant& variant = std::get<0>(GetParam());
  const std::unique_ptr<Strategy> strategy = *variant.strategy.make(variant.options);
  std::vector<float> all(1000);
  for (int size = 1; size <= 9; ++size) {
    if (strategy->roles(size).workers == 0) continue;
    std::set<std::pair<void*, int64_t>> parts;
    int64_t count = 0;
    for (int rank = 0; rank < size; ++rank) {
      const Buffer part = strategy->Updated(View(all), rank, size);
      if (part.count > 0 && parts.insert({part.data, part.count}).second) count += part.count;
    }
    EXPECT_EQ(count, 1000) << "size " << size;
  }
}

}  // namespace

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StrategyConformance);

::testing::internal::ParamGenerator<StrategyInWorld> EveryStrategyIn(
    WorldFactory factory, std::span<const StrategyEntry> strategies) {
  // Buckets of a few parameters each, so that there are several.
  const StrategyOptions plain{.buckets = {.first_bytes = 16, .bytes = 128}};
  StrategyOptions two_servers = plain, colocated = plain;
  two_servers.server.servers = 2;
  colocated.server.colocated = true;
  std::vector<StrategyVariant> variants;
  for (const StrategyEntry& strategy : strategies) {
    variants.push_back({strategy, plain});
    if (strategy.Takes("servers")) variants.push_back({strategy, two_servers});
    if (strategy.Takes("colocated")) variants.push_back({strategy, colocated});
  }
  return ::testing::Combine(::testing::ValuesIn(variants), ::testing::Values(factory));
}

std::string StrategyName(const ::testing::TestParamInfo<StrategyInWorld>& info) {
  const StrategyVariant& variant = std::get<0>(info.param);
  return absl::StrReplaceAll(Label(variant.strategy, variant.options), {{", ", "_"}, {" ", "_"}});
}

}  // namespace core::testing
