#include "core/testing/strategy_conformance.h"

#include <memory>
#include <vector>

#include "core/strategies/strategies.h"
#include "core/testing/arithmetic_replica.h"

namespace core::testing {
namespace {

constexpr int kSteps = 6;
constexpr int kFirstSeed = 3;

// A strategy with options that make it another one.
struct Variant {
  std::string label;
  std::string strategy;
  ParameterServerOptions server;
};

std::vector<Variant> Variants() {
  std::vector<Variant> variants;
  for (const std::string& name : StrategyNames()) variants.push_back({name, name});
  variants.push_back({"parameter_server_two_servers", "parameter_server", {.servers = 2}});
  variants.push_back({"parameter_server_colocated", "parameter_server", {.colocated = true}});
  return variants;
}

std::unique_ptr<Strategy> Make(const std::string& label) {
  for (const Variant& variant : Variants()) {
    if (variant.label != label) continue;
    // Buckets of a few parameters each, so that there are several.
    return *MakeStrategy(variant.strategy,
                         {.buckets = {.first_bytes = 16, .bytes = 128}, .server = variant.server});
  }
  return nullptr;
}

int WorkerCount(const std::string& label, int size) {
  int workers = 0;
  for (int rank = 0; rank < size; ++rank) workers += Make(label)->role(rank, size) == Role::kWorker;
  return workers;
}

Task TrainOneRank(Communicator& communicator, std::string name, int workers) {
  const std::unique_ptr<Strategy> strategy = Make(name);
  const int rank = communicator.rank();
  const bool trains = strategy->role(rank, communicator.size()) == Role::kWorker;
  int shard = 0;
  for (int other = 0; other < rank; ++other) {
    shard += strategy->role(other, communicator.size()) == Role::kWorker;
  }
  ArithmeticReplica replica(shard, kFirstSeed + rank);
  Worker worker{communicator, replica};
  co_await strategy->Start(worker);
  for (int step = 0; step < kSteps; ++step) co_await strategy->Step(worker);
  co_await strategy->Synchronize(worker);
  EXPECT_EQ(replica.passes(), trains ? kSteps : 0) << "rank " << rank;
  if (trains) {
    EXPECT_EQ(replica.values(), ExpectedParameters(workers, kFirstSeed, kSteps)) << "rank " << rank;
  }
}

TEST_P(StrategyConformance, GivesEveryWorkerTheBitsOfPlainArithmetic) {
  const auto& [name, factory] = GetParam();
  for (int size = 1; size <= 6; ++size) {
    const int workers = WorkerCount(name, size);
    if (workers == 0) continue;
    SCOPED_TRACE("size " + std::to_string(size));
    RunRanks(*factory(), size, [&name, workers](Communicator& communicator) {
      return TrainOneRank(communicator, name, workers);
    });
  }
}

}  // namespace

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StrategyConformance);

::testing::internal::ParamGenerator<std::tuple<std::string, WorldFactory>> EveryStrategyIn(
    WorldFactory factory) {
  std::vector<std::string> labels;
  for (const Variant& variant : Variants()) labels.push_back(variant.label);
  return ::testing::Combine(::testing::ValuesIn(labels), ::testing::Values(factory));
}

std::string StrategyName(
    const ::testing::TestParamInfo<std::tuple<std::string, WorldFactory>>& info) {
  return std::get<0>(info.param);
}

}  // namespace core::testing
