#include "sim/testing/random_world.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <span>
#include <sstream>
#include <utility>
#include <vector>

namespace sim::testing {
namespace {

class Dice {
 public:
  explicit Dice(uint64_t seed) : generator_(seed) {}

  // Both inclusive.
  int Integer(int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(generator_);
  }
  bool Chance(double share) { return Between(0, 1) < share; }
  double Between(double least, double most) {
    return std::uniform_real_distribution<double>(least, most)(generator_);
  }
  // Each order of magnitude as likely as the next.
  double AnyScale(double least, double most) {
    return std::exp(Between(std::log(least), std::log(most)));
  }

 private:
  std::mt19937_64 generator_;
};

LinkModel DrawLink(Dice& dice) {
  return {.bytes_per_second = dice.AnyScale(1e7, 1e11),
          .latency = dice.Chance(0.2) ? 0 : dice.AnyScale(1e-7, 1e-2)};
}

void DrawDisturbance(Dice& dice, Disturbance& disturbance) {
  disturbance.seed = static_cast<uint64_t>(dice.Integer(0, 1 << 30));
  if (dice.Chance(0.5)) disturbance.jitter = dice.AnyScale(1e-3, 1);
  if (dice.Chance(0.3)) {
    disturbance.straggler_share = dice.Between(0, 1);
    disturbance.straggler_factor = dice.Between(1, 10);
  }
  if (dice.Chance(0.3)) {
    disturbance.slow_link_share = dice.Between(0, 1);
    disturbance.slow_link_factor = dice.Between(1, 10);
  }
  if (dice.Chance(0.2)) disturbance.stagger = dice.AnyScale(1e-6, 1e-2);
}

// Stars, racks, or hosts that share cores.
void DrawTopology(Dice& dice, Cluster& cluster) {
  cluster.nic = DrawLink(dice);
  if (dice.Chance(0.3)) {
    const int first = dice.Integer(0, 6);
    cluster.exceptions.push_back({first, first + dice.Integer(0, 3), DrawLink(dice)});
  }
  if (dice.Chance(0.4)) {
    cluster.ranks_per_host = dice.Integer(2, 5);
    cluster.inside_host = DrawLink(dice);
  }
  if (dice.Chance(0.3)) {
    cluster.hosts_per_rack = dice.Integer(1, 4);
    cluster.oversubscription = dice.Between(1, 8);
    cluster.rack_latency = dice.AnyScale(1e-7, 1e-3);
  } else if (dice.Chance(0.15)) {
    cluster.shared_cores = {dice.Between(1, 4), dice.AnyScale(1e-11, 1e-8)};
  }
}

Cluster DrawCluster(Dice& dice) {
  Cluster cluster;
  DrawTopology(dice, cluster);
  if (dice.Chance(0.2)) {
    const double burst = dice.AnyScale(1e3, 1e7);
    cluster.nic.burst = burst;
    for (HostRange& range : cluster.exceptions) range.nic.burst = burst * dice.Integer(0, 2);
  }
  if (dice.Chance(0.4)) cluster.send_overhead = dice.AnyScale(1e-7, 1e-3);
  if (dice.Chance(0.4)) cluster.receive_overhead = dice.AnyScale(1e-7, 1e-3);
  if (dice.Chance(0.4)) cluster.eager_bytes = dice.AnyScale(1, 1e6);
  if (dice.Chance(0.2)) {
    cluster.incast = {static_cast<uint32_t>(dice.Integer(1, 8)), dice.Between(0.1, 1)};
  }
  if (dice.Chance(0.3)) cluster.accumulate_bytes_per_second = dice.AnyScale(1e8, 1e12);
  DrawDisturbance(dice, cluster.disturbance);
  return cluster;
}

core::Profile DrawProfile(Dice& dice) {
  const int gradients = dice.Integer(1, 8);
  core::Profile profile{.model = "random",
                        .batch_size = 1,
                        .pass = dice.AnyScale(1e-4, 1),
                        .accumulate_bytes_per_second = dice.AnyScale(1e8, 1e12)};
  profile.forward = profile.pass * dice.Between(0.1, 0.5);
  profile.update = profile.pass * dice.Between(0, 0.2);
  std::vector<double> ready;
  for (int i = 0; i < gradients; ++i) ready.push_back(dice.Between(profile.forward, profile.pass));
  std::sort(ready.begin(), ready.end());
  const double size = dice.AnyScale(1, 2e6);  // A usual gradient's.
  for (int i = 0; i < gradients; ++i) {
    const auto elements = static_cast<int64_t>(size * dice.AnyScale(0.1, 3)) + 1;
    profile.gradients.push_back({gradients - 1 - i, elements, ready[static_cast<size_t>(i)]});
    profile.parameters += elements;
  }
  return profile;
}

// The fewest ranks of which one trains.
int RanksMin(const RandomWorld& world) { return MakeStrategy(world)->servers() + 1; }

void DrawStrategy(Dice& dice, RandomWorld& world) {
  const std::span<const core::StrategyEntry> all = core::Strategies();
  world.strategy = &all[static_cast<size_t>(dice.Integer(0, static_cast<int>(all.size()) - 1))];
  const auto first = static_cast<int64_t>(dice.AnyScale(1, 1e6));
  world.strategy_options.buckets = {first, static_cast<int64_t>(dice.AnyScale(1, 3e7))};
  core::ParameterServerOptions& server = world.strategy_options.server;
  if (world.strategy->Takes("servers")) {
    server.colocated = dice.Chance(0.3);
    server.servers = server.colocated ? 1 : dice.Integer(1, 3);
  }
}

}  // namespace

std::unique_ptr<core::Strategy> MakeStrategy(const RandomWorld& world) {
  return std::move(*world.strategy->make(world.strategy_options));
}

RandomWorld DrawWorld(uint64_t seed) {
  Dice dice(seed);
  RandomWorld world{.cluster = DrawCluster(dice), .profile = DrawProfile(dice)};
  DrawStrategy(dice, world);
  using Algorithm = core::AllReduceAlgorithm;
  constexpr Algorithm kAlgorithms[] = {Algorithm::kSegmentedRing, Algorithm::kRing,
                                       Algorithm::kHalvingDoubling, Algorithm::kDoubleTree,
                                       Algorithm::kDirectExchange};
  world.options = {
      .world_size = dice.Integer(RanksMin(world), dice.Chance(0.8) ? 12 : 24),
      .steps = dice.Integer(1, 3),
      .collectives = dice.Chance(0.7) ? CollectiveMode::kMessages : CollectiveMode::kFormula,
      .all_reduce = {kAlgorithms[dice.Integer(0, 4)], world.cluster.ranks_per_host}};
  return world;
}

Simulation SimulateWorld(const RandomWorld& world) {
  return Simulate(
      world.cluster, world.profile, [&](int) { return MakeStrategy(world); }, world.options);
}

std::string Describe(const RandomWorld& world) {
  const Cluster& cluster = world.cluster;
  const core::ParameterServerOptions& server = world.strategy_options.server;
  std::ostringstream text;
  text << world.strategy->name << " on " << world.options.world_size << " ranks, " << server.servers
       << (server.colocated ? " colocated" : " dedicated") << " servers if any, "
       << world.options.steps << " steps of " << world.profile.gradients.size() << " gradients, "
       << world.profile.parameters << " elements, "
       << core::Name(world.options.all_reduce.algorithm)
       << (world.options.collectives == CollectiveMode::kFormula ? " by formula, " : ", ")
       << cluster.ranks_per_host << " ranks a host, " << cluster.hosts_per_rack
       << " hosts a rack, nic " << cluster.nic.bytes_per_second << " B/s, "
       << cluster.exceptions.size() << " exceptions, burst " << cluster.nic.burst << " B, "
       << cluster.shared_cores.count << " shared cores, overheads " << cluster.send_overhead
       << " and " << cluster.receive_overhead << " s, eager to " << cluster.eager_bytes
       << " B, incast from " << cluster.incast.flows << " flows, jitter "
       << cluster.disturbance.jitter << ", slow links " << cluster.disturbance.slow_link_share;
  return text.str();
}

}  // namespace sim::testing
