#include "core/testing/strategy_conformance.h"

#include <memory>
#include <vector>

#include "absl/strings/str_replace.h"
#include "core/testing/arithmetic_replica.h"

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
