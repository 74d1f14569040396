#include "sim/testing/sim_world.h"

#include <exception>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/task.h"
#include "sim/collectives/make_collectives.h"
#include "sim/collectives/sim_communicator.h"
#include "sim/engine/rank_clock.h"
#include "sim/network/network.h"

namespace sim::testing {
namespace {

// A rank, whose communicator goes when its body has ended.
struct Rank {
  Rank(const Engine& engine, int rank) : state(engine, rank) {}

  RankState state;
  std::unique_ptr<SimCommunicator> communicator;
  core::Task task;
};

core::Task RunBody(core::Task body, Network& network, Rank& rank) {
  std::exception_ptr error;
  try {
    co_await body;
  } catch (...) {
    error = std::current_exception();
  }
  network.Leave(rank.communicator->rank());
  rank.communicator.reset();
  if (error) std::rethrow_exception(error);
}

constexpr double kAddBytesPerSecond = 1e10;

class SimWorld : public core::testing::World {
 public:
  SimWorld(Cluster cluster, std::optional<core::AllReduceOptions> by_messages)
      : cluster_(std::move(cluster)), by_messages_(by_messages) {}

  std::vector<std::exception_ptr> Run(int size, const Body& body) override {
    Engine engine;
    Network network(engine, cluster_, size);
    const std::unique_ptr<Collectives> collectives = MakeCollectives(
        by_messages_ ? CollectiveMode::kMessages : CollectiveMode::kFormula,
        by_messages_.value_or(core::AllReduceOptions{}), network, kAddBytesPerSecond);
    std::vector<std::unique_ptr<Rank>> ranks;
    for (int i = 0; i < size; ++i) {
      ranks.push_back(std::make_unique<Rank>(engine, i));
      Rank& rank = *ranks.back();
      rank.communicator = std::make_unique<SimCommunicator>(network, collectives.get(), rank.state);
    }
    for (const auto& rank : ranks) {
      rank->task = RunBody(body(*rank->communicator), network, *rank);
      rank->task.Start();
    }
    engine.Run();
    std::vector<std::exception_ptr> errors;
    for (const auto& rank : ranks) errors.push_back(ErrorOf(*rank));
    return errors;
  }

 private:
  static std::exception_ptr ErrorOf(const Rank& rank) {
    try {
      if (!rank.task.done()) throw core::Error("a rank waits for ever");
      rank.task.Rethrow();
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  }

  const Cluster cluster_;
  const std::optional<core::AllReduceOptions> by_messages_;
};

}  // namespace

std::unique_ptr<core::testing::World> MakeSimWorld(
    Cluster cluster, std::optional<core::AllReduceOptions> by_messages) {
  return std::make_unique<SimWorld>(std::move(cluster), by_messages);
}

}  // namespace sim::testing
