#include "core/testing/collectives_conformance.h"
#include "core/testing/communicator_conformance.h"
#include "core/testing/strategy_conformance.h"
#include "sim/testing/sim_world.h"

namespace core::testing {
namespace {

constexpr sim::LinkModel kNic = {1.25e9, 50e-6};

std::unique_ptr<World> MakeFormulaWorld() {
  return sim::testing::MakeSimWorld({.nic = kNic}, std::nullopt);
}

// Two ranks a host, racks of two hosts, overheads, small messages at once: everything there is.
sim::Cluster MakeRacks() {
  return {.nic = kNic,
          .ranks_per_host = 2,
          .inside_host = {1e10, 1e-6},
          .hosts_per_rack = 2,
          .oversubscription = 4,
          .rack_latency = 1e-6,
          .send_overhead = 1e-6,
          .receive_overhead = 2e-6,
          .eager_bytes = 8192,
          .incast = {.flows = 2, .floor = 0.5}};
}

template <AllReduceAlgorithm algorithm>
std::unique_ptr<World> MakeMessageWorld() {
  return sim::testing::MakeSimWorld(MakeRacks(), AllReduceOptions{algorithm, 2});
}

INSTANTIATE_TEST_SUITE_P(Simulated, CommunicatorConformance,
                         ::testing::Values(MakeFormulaWorld,
                                           MakeMessageWorld<AllReduceAlgorithm::kSegmentedRing>,
                                           MakeMessageWorld<AllReduceAlgorithm::kDirectExchange>));
INSTANTIATE_TEST_SUITE_P(Simulated, CollectivesConformance, ::testing::Values(MakeFormulaWorld));
INSTANTIATE_TEST_SUITE_P(SimulatedByFormula, StrategyConformance, EveryStrategyIn(MakeFormulaWorld),
                         StrategyName);
INSTANTIATE_TEST_SUITE_P(SimulatedByMessages, StrategyConformance,
                         EveryStrategyIn(MakeMessageWorld<AllReduceAlgorithm::kSegmentedRing>),
                         StrategyName);
INSTANTIATE_TEST_SUITE_P(SimulatedByExchange, StrategyConformance,
                         EveryStrategyIn(MakeMessageWorld<AllReduceAlgorithm::kDirectExchange>),
                         StrategyName);

}  // namespace
}  // namespace core::testing
