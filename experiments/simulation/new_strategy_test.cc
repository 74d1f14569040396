// A strategy that only this file knows goes all the way: flags, conformance, simulation with size,
// method and bottleneck, and the report.
#include <filesystem>
#include <sstream>

#include "analysis/report.h"
#include "core/base/error.h"
#include "core/records/results.h"
#include "core/strategies/strategies.h"
#include "core/testing/strategy_conformance.h"
#include "experiments/simulation/simulation_bottleneck.h"
#include "experiments/simulation/simulation_case.h"
#include "experiments/simulation/simulation_run.h"
#include "experiments/simulation/simulation_size.h"
#include "experiments/testing/simulation_cases.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/testing/sim_world.h"

namespace experiments {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Gradients are summed from rank to rank up a chain, whose last rank updates; parameters come back
// down. Ranks at the ends do half of what the others do.
class Chain : public core::Strategy {
 public:
  core::Task Start(core::Worker& worker) override {
    arrived_ = worker.replica.Allocate(worker.replica.gradients().count);
    core::Work broadcast = worker.communicator.Broadcast(worker.replica.parameters(), 0);
    co_await broadcast;
  }

  core::Task Step(core::Worker& worker) override {
    core::Communicator& communicator = worker.communicator;
    const core::Buffer sum = worker.replica.gradients();
    const int rank = communicator.rank();
    const bool last = rank + 1 == communicator.size();
    core::Gradients& gradients = worker.replica.Backward();
    while (co_await gradients.Next()) {
    }
    if (rank > 0) {
      core::Work received = communicator.Receive(arrived_, rank - 1, core::SpanKind::kPush);
      co_await received;
      core::Work added = worker.replica.Accumulate(arrived_, sum);
      co_await added;
    }
    if (last) {
      const float ranks = static_cast<float>(communicator.size());
      core::Work update = worker.replica.Update(sum, 1 / ranks);
      co_await update;
    } else {
      core::Work sent = communicator.Send(sum, rank + 1, core::SpanKind::kPush);
      co_await sent;
      core::Work pulled =
          communicator.Receive(worker.replica.parameters(), rank + 1, core::SpanKind::kPull);
      co_await pulled;
    }
    if (rank > 0) {
      core::Work sent =
          communicator.Send(worker.replica.parameters(), rank - 1, core::SpanKind::kPull);
      co_await sent;
    }
  }

  core::Task Synchronize(core::Worker&) override { co_return; }

  // The last rank's optimizer is the only one that ever moves.
  core::Buffer Updated(core::Buffer all, int rank, int size) const override {
    return rank + 1 == size ? all : all.Slice(0, 0);
  }

 private:
  core::Buffer arrived_;
};

const core::StrategyEntry kChain = {
    .name = "chain",
    .title = "Chain",
    .results_file = "results_chain.json",
    .flags = {"bucket_mb"},
    .make = [](const core::StrategyOptions&) -> absl::StatusOr<std::unique_ptr<core::Strategy>> {
      return std::make_unique<Chain>();
    }};

std::unique_ptr<core::testing::World> MakeWorld() {
  return sim::testing::MakeSimWorld({.nic = {1.25e9, 25e-6}}, std::nullopt);
}

SimulationCase ChainOf(int world_size) {
  SimulationCase simulation = testing::CaseOf(core::Strategies()[0].name, world_size);
  simulation.strategy = &kChain;
  return simulation;
}

TEST(NewStrategy, TakesItsFlagsAndRefusesOthersByName) {
  EXPECT_EQ(core::CheckFlagsApply({&kChain, 1}, {.buckets = {.bytes = 1}}), absl::OkStatus());
  const absl::Status refused = core::CheckFlagsApply({&kChain, 1}, {.server = {.servers = 2}});
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr("--servers"), HasSubstr("chain"), HasSubstr("parameter_server")));
  EXPECT_EQ(core::Label(kChain, {.server = {.servers = 2}}), "chain");
}

TEST(NewStrategy, IsCountedToTheMessage) {
  for (int size : {1, 2, 3, 17, 200}) {
    SimulationCase simulation = ChainOf(size);
    simulation.steps = 10;
    const core::SimulationRow row = RunSimulation(simulation, kMessagesMax);
    const sim::StrategyCalls calls = CallsOf(simulation);
    EXPECT_EQ(calls.step.messages, 2 * (size - 1)) << size;
    EXPECT_NEAR(SizeOf(simulation, SimulationMethod::kMessages).messages, *row.messages, size);
    EXPECT_EQ(row.strategy, "chain");
    EXPECT_EQ(row.method, "messages");
    EXPECT_FALSE(calls.step.overlaps);
  }
}

TEST(NewStrategy, IsNotGivenTheClosedFormOfAParameterServer) {
  SimulationCase simulation = ChainOf(1000);
  EXPECT_EQ(MethodFor(simulation, 1e6), SimulationMethod::kMessages);
  EXPECT_EQ(MethodFor(simulation, 2500), SimulationMethod::kFormula);  // Of the broadcast.
  EXPECT_THROW(MethodFor(simulation, 1000), core::Error);
}

TEST(NewStrategy, MemoryIsEstimatedBeforeItStarts) {
  const double small = SizeOf(ChainOf(1000), SimulationMethod::kMessages).memory_bytes;
  const double large = SizeOf(ChainOf(100'000), SimulationMethod::kMessages).memory_bytes;
  EXPECT_GT(large - small, 99'000 * 1000.0);
  EXPECT_LT(large - small, 99'000 * 10'000.0);
  EXPECT_NO_THROW(CheckMemory(ChainOf(1000), kMessagesMax));
}

// A model of 96 MB over 10 Gbit/s takes 77 ms a hop; a pass takes 100 ms.
TEST(NewStrategy, HasABottleneck) {
  const SimulationCase simulation = ChainOf(8);
  const core::SimulationRow row = RunSimulation(simulation, kMessagesMax);
  const std::vector<Remedy> remedies = RemediesFor(simulation);
  std::vector<core::SimulationRow> rows;
  for (const Remedy& remedy : remedies) {
    EXPECT_NE(remedy.resource, Resource::kServers);
    rows.push_back(RunSimulation(remedy.simulation, kMessagesMax));
  }
  const Bottleneck bottleneck = FindBottleneck(row, remedies, rows);
  EXPECT_EQ(bottleneck.name, "nics' links");
  EXPECT_GT(bottleneck.busy, 0);
}

TEST(NewStrategy, IsReportedAndDrawn) {
  const std::string folder = ::testing::TempDir() + "/new_strategy";
  std::filesystem::create_directories(folder);
  core::Results results;
  results.strategy = kChain.name;
  results.world_size = 4;
  results.batch_size = 16;
  results.epochs = {{.epoch = 1, .train_loss = 3, .train_time = 1, .train_throughput = 64}};
  results.all_losses = {3.5, 2.5};
  core::Summarize(results);
  ASSERT_TRUE(core::WriteResults(results, folder + "/" + kChain.results_file).ok());
  std::ostringstream printed;
  ASSERT_EQ(analysis::WriteReport(folder, analysis::Language::kEnglish, printed, {&kChain, 1}),
            absl::OkStatus());
  EXPECT_THAT(printed.str(), AllOf(HasSubstr("Chain"), HasSubstr("64.0")));
  EXPECT_TRUE(std::filesystem::exists(folder + "/plots/throughput_comparison.png"));
}

}  // namespace
}  // namespace experiments

namespace core::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(New, StrategyConformance,
                         EveryStrategyIn(experiments::MakeWorld, {&experiments::kChain, 1}),
                         StrategyName);

}  // namespace
}  // namespace core::testing
