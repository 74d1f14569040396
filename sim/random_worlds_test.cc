// Laws that hold in every simulated world, in thousands of random ones, or RANDOM_WORLDS. One of them
// alone:
//     tools/bazel test //sim:random_worlds_test --test_env=RANDOM_WORLD=SEED
#include <sys/time.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "sim/sim_replica.h"
#include "sim/simulate.h"
#include "sim/testing/random_seeds.h"
#include "sim/testing/random_world.h"

namespace sim {
namespace {

using testing::DrawWorld;
using testing::RandomWorld;
using testing::SimulateWorld;

constexpr double kDigits = 1e-9;  // Relative.

// The world of the watchdog's message.
volatile std::sig_atomic_t current_seed = 0;

void OnTooLong(int) {
  std::fprintf(stderr, "world %d does not end: RANDOM_WORLD=%d runs it alone\n",
               static_cast<int>(current_seed), static_cast<int>(current_seed));
  std::abort();
}

// Calls check(world) for every seed, or for the one that is asked for. A world that runs for ever
// is named.
template <class Check>
void ForEveryWorld(Check check) {
  constexpr itimerval kTooLong = {.it_interval = {},
                                  .it_value = {.tv_sec = 60}};  // Of a processor.
  const char* const chosen = std::getenv("RANDOM_WORLD");
  const uint64_t first = chosen ? std::strtoull(chosen, nullptr, 10) : 1;
  const uint64_t last = chosen ? first : testing::RandomSeeds(5000);
  std::printf("random worlds %llu to %llu; RANDOM_WORLD=SEED runs one alone\n",
              static_cast<unsigned long long>(first), static_cast<unsigned long long>(last));
  std::signal(SIGPROF, OnTooLong);
  for (uint64_t seed = first; seed <= last && !::testing::Test::HasFailure(); ++seed) {
    current_seed = static_cast<std::sig_atomic_t>(seed);
    setitimer(ITIMER_PROF, &kTooLong, nullptr);
    const RandomWorld world = DrawWorld(seed);
    SCOPED_TRACE("RANDOM_WORLD=" + std::to_string(seed) + ": " + testing::Describe(world));
    try {
      check(world);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();  // A rank that waits for ever, say.
    }
  }
  constexpr itimerval kNever = {};
  setitimer(ITIMER_PROF, &kNever, nullptr);
}

// All links of the cluster, inside hosts and between racks included.
double LeastBandwidth(const Cluster& cluster) {
  double nic = cluster.nic.bytes_per_second;
  for (const HostRange& range : cluster.exceptions) {
    nic = std::min(nic, range.nic.bytes_per_second);
  }
  double least = nic / std::max(1.0, cluster.disturbance.slow_link_factor);
  if (cluster.ranks_per_host > 1) least = std::min(least, cluster.inside_host.bytes_per_second);
  if (cluster.hosts_per_rack > 0) {
    least = std::min(
        least, cluster.hosts_per_rack * cluster.nic.bytes_per_second / cluster.oversubscription);
  }
  if (cluster.incast.flows > 0) least *= cluster.incast.floor;
  if (cluster.shared_cores.any()) {
    // One core, or all of them.
    least =
        std::min({least, cluster.shared_cores.BytesOf(1), cluster.shared_cores.bytes_per_second()});
  }
  return least;
}

double MostLatency(const Cluster& cluster) {
  double nic = cluster.nic.latency;
  for (const HostRange& range : cluster.exceptions) nic = std::max(nic, range.nic.latency);
  return 2 * std::max(nic + cluster.rack_latency, cluster.inside_host.latency);
}

double MostBurst(const Cluster& cluster) {
  double burst = cluster.nic.burst;
  for (const HostRange& range : cluster.exceptions) burst = std::max(burst, range.nic.burst);
  return burst;
}

// Bytes of all messages of a collective on `bytes` among `ranks`, at most: trees, rings and exchanges
// move less than four times what everybody has, but for few elements, which everybody sends everybody.
double CollectiveBytesMax(double bytes, double ranks) {
  constexpr double kFew = 128 << 10;
  return 4 * ranks * bytes + ranks * ranks * std::min(bytes, kFew);
}

// Rounds of messages that a closed formula counts, at most.
double FormulaRoundsMax(double bytes, double ranks) {
  constexpr double kSegmentLeast = 512 << 10;
  return 2 * ranks * (bytes / kSegmentLeast + 4);
}

// Everything one after the other. At any instant before the end something goes on: a rank computes,
// an overhead or a latency passes, or bytes flow, and then one link at least carries what it can.
double MostSeconds(const RandomWorld& world, const Simulation& result) {
  const Cluster& cluster = world.cluster;
  const ReplicaModel model(world.profile, cluster);
  const double ranks = world.options.world_size;
  const double steps = world.options.steps;
  const double model_bytes = 4.0 * static_cast<double>(world.profile.parameters);
  const double collectives = steps * static_cast<double>(world.profile.gradients.size()) + 1;
  double computing = 0;
  double factor_max = 1;
  for (int rank = 0; rank < world.options.world_size; ++rank) {
    for (int step = 0; step < world.options.steps; ++step) {
      computing += model.PassFactor(rank, step) * world.profile.pass +
                   model.RankFactor(rank) * world.profile.update;
    }
    factor_max = std::max(factor_max, model.RankFactor(rank));
  }
  // Everybody adds up what everybody has.
  computing +=
      steps * ranks * ranks * model_bytes * factor_max / model.accumulate_bytes_per_second();
  // Pushes and pulls of all; or a collective for each gradient, and one of the whole model to start.
  const double bytes =
      (steps + 1) * (2 * ranks * model_bytes + CollectiveBytesMax(model_bytes, ranks)) +
      collectives * CollectiveBytesMax(0, ranks);
  double messages = static_cast<double>(result.messages);
  if (world.options.collectives == CollectiveMode::kFormula) {
    messages += (steps + 1) * FormulaRoundsMax(model_bytes, ranks) +
                collectives * FormulaRoundsMax(0, ranks);
  }
  double overhead = cluster.send_overhead + cluster.receive_overhead;
  if (cluster.shared_cores.any()) {
    overhead = cluster.shared_cores.BytesOf(overhead) / LeastBandwidth(cluster);
  }
  return computing + messages * (overhead + MostLatency(cluster)) + bytes / LeastBandwidth(cluster);
}

// What no world is faster than.
double LeastSeconds(const RandomWorld& world) {
  const Cluster& cluster = world.cluster;
  const ReplicaModel model(world.profile, cluster);
  const core::Roles roles = testing::MakeStrategy(world)->roles(world.options.world_size);
  double least = 0;
  std::set<int> hosts;
  for (int rank = 0; rank < world.options.world_size; ++rank) {
    if (!roles.trains(rank)) continue;
    hosts.insert(rank / cluster.ranks_per_host);
    double computing = 0;
    for (int step = 0; step < world.options.steps; ++step) {
      computing += model.PassFactor(rank, step) * world.profile.pass;
    }
    least = std::max(least, computing);
  }
  if (hosts.size() == 1) return least;
  // Every element of the model depends on what other hosts have computed, and what is computed here
  // changes every element there: as many bytes as the model has go into each host that trains, and
  // out of it, in each step.
  const double bytes = 4.0 * static_cast<double>(world.profile.parameters) * world.options.steps;
  for (int host : hosts) {
    LinkModel nic = cluster.nic;
    for (const HostRange& range : cluster.exceptions) {
      if (range.first <= host && host <= range.last) nic = range.nic;
    }
    least = std::max(least, (bytes - nic.burst) / nic.bytes_per_second);
  }
  return least;
}

TEST(RandomWorldsTest, EndBetweenTheirBounds) {
  ForEveryWorld([](const RandomWorld& world) {
    const Simulation result = SimulateWorld(world);
    EXPECT_GE(result.end * (1 + kDigits), LeastSeconds(world));
    EXPECT_LE(result.end, MostSeconds(world, result) * (1 + kDigits));
    // A message has three timers and wakes up two ranks, at most; and a collective's call, of which
    // a gradient has one and each step one more at most, is a message's work by itself.
    const auto calls = static_cast<uint64_t>(world.options.world_size) *
                       (static_cast<uint64_t>(world.options.steps) + 1) *
                       (world.profile.gradients.size() + 1);
    EXPECT_LE(result.events, 6 * (result.messages + calls));
    // By formula, halving and trees are charged to links as if they were rings.
    using enum core::AllReduceAlgorithm;
    const core::AllReduceAlgorithm algorithm = world.options.all_reduce.algorithm;
    if (world.options.collectives == CollectiveMode::kFormula &&
        (algorithm == kHalvingDoubling || algorithm == kDoubleTree)) {
      return;
    }
    for (const LinkReport& link : result.busiest) {
      // Of so many bytes as it could have carried, and a burst.
      EXPECT_LE((link.bytes - MostBurst(world.cluster)) * link.utilization,
                link.bytes * (1 + kDigits))
          << link.name;
    }
  });
}

// All that a run says, but for what it cost.
std::vector<double> FiguresOf(const Simulation& result) {
  std::vector<double> figures = {result.start, result.end, static_cast<double>(result.events),
                                 static_cast<double>(result.messages)};
  for (const core::Breakdown& step : result.worker_steps) {
    figures.insert(figures.end(), {step.total.count(), step.computation.count(),
                                   step.communication.count(), step.exposed.count()});
  }
  for (const LinkReport& link : result.busiest) {
    figures.insert(figures.end(), {link.bytes, link.utilization});
  }
  return figures;
}

TEST(RandomWorldsTest, GiveTheSameBitsAgain) {
  ForEveryWorld([](const RandomWorld& world) {
    EXPECT_EQ(FiguresOf(SimulateWorld(world)), FiguresOf(SimulateWorld(world)));
  });
}

void Divide(LinkModel& link, double factor) {
  link.bytes_per_second /= factor;
  link.latency *= factor;
}

void SlowDown(Cluster& cluster, double factor) {
  Divide(cluster.nic, factor);
  Divide(cluster.inside_host, factor);
  for (HostRange& range : cluster.exceptions) Divide(range.nic, factor);
  for (double* seconds : {&cluster.rack_latency, &cluster.send_overhead, &cluster.receive_overhead,
                          &cluster.shared_cores.seconds_per_byte, &cluster.disturbance.stagger}) {
    *seconds *= factor;
  }
  cluster.accumulate_bytes_per_second /= factor;
}

// No time is built in: where everything takes twice as long, the run does, to the bit, as doubling
// rounds nothing.
TEST(RandomWorldsTest, TakeTwiceAsLongWhereEverythingDoes) {
  ForEveryWorld([](const RandomWorld& world) {
    RandomWorld slow = world;
    SlowDown(slow.cluster, 2);
    core::Profile& profile = slow.profile;
    for (double* seconds : {&profile.forward, &profile.pass, &profile.update}) *seconds *= 2;
    profile.accumulate_bytes_per_second /= 2;
    for (core::ProfiledGradient& gradient : profile.gradients) gradient.ready *= 2;
    const Simulation result = SimulateWorld(world);
    const Simulation twice = SimulateWorld(slow);
    EXPECT_EQ(twice.start, 2 * result.start);
    EXPECT_EQ(twice.end, 2 * result.end);
    EXPECT_EQ(twice.events, result.events);
  });
}

// Some worlds in which more bandwidth or less latency cannot make a run slower. In others it can, in
// one of a thousand and by some percent, as what is faster gets in the way of what others wait for:
// flows that share a link, messages that come to a rank in another order where it has one overhead
// at a time, more flows at once where links suffer from incast, bytes and overheads that share cores.
std::optional<RandomWorld> Monotone(RandomWorld world) {
  Cluster& cluster = world.cluster;
  cluster.shared_cores = {};
  const std::string_view name = world.strategy->name;
  if (name == "ddp" || name == "all_reduce") {
    if (world.options.collectives == CollectiveMode::kFormula) return world;
    // No two flows of a ring share a link, and each waits for the last of what it needs.
    if (world.options.all_reduce.algorithm != core::AllReduceAlgorithm::kRing) {
      world.options.all_reduce.algorithm = core::AllReduceAlgorithm::kSegmentedRing;
    }
    cluster.ranks_per_host = 1;
    cluster.hosts_per_rack = 0;
    return world;
  }
  if (name == "parameter_server") {
    // One link binds all flows; what starts together ends together, or in the order in which it
    // starts.
    world.strategy_options.server = {};
    world.cluster = {.nic = cluster.nic,
                     .eager_bytes = cluster.eager_bytes,
                     .accumulate_bytes_per_second = cluster.accumulate_bytes_per_second,
                     .disturbance = cluster.disturbance};
    cluster.nic.burst = 0;
    cluster.disturbance.slow_link_share = 0;
    return world;
  }
  return std::nullopt;
}

TEST(RandomWorldsTest, SomeAreNeverSlowerWithMoreBandwidthOrLessLatency) {
  ForEveryWorld([](const RandomWorld& drawn) {
    const std::optional<RandomWorld> world = Monotone(drawn);
    if (!world) return;
    std::mt19937_64 generator(world->cluster.disturbance.seed);
    std::uniform_real_distribution<double> factor(1, 3);
    const double bandwidth = factor(generator);
    const double latency = factor(generator);
    RandomWorld faster = *world;
    Cluster& cluster = faster.cluster;
    const auto improve = [&](LinkModel& link) {
      link.bytes_per_second *= bandwidth;
      link.latency /= latency;
    };
    improve(cluster.nic);
    improve(cluster.inside_host);
    for (HostRange& range : cluster.exceptions) improve(range.nic);
    cluster.rack_latency /= latency;
    EXPECT_LE(SimulateWorld(faster).end, SimulateWorld(*world).end * (1 + kDigits));
  });
}

}  // namespace
}  // namespace sim
