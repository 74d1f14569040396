#include "sim/network/fair_sharing.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "sim/testing/progressive_filling.h"
#include "sim/testing/random_seeds.h"

namespace sim {
namespace {

using testing::ProgressiveFilling;
using Id = FairSharing::Id;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Flow {
  std::vector<Id> path;
  double bytes;
  int after;     // Starts `delay` after that flow's completion; −1: `delay` after the beginning.
  double delay;  // Seconds.
};

struct World {
  std::vector<double> capacities;
  std::vector<Flow> flows;
  Incast incast;
};

// Random worlds: any links in any order, or hosts in racks.
class WorldGenerator {
 public:
  explicit WorldGenerator(uint64_t seed) : random_(seed), round_(Below(2)), equal_(Below(3) == 0) {}

  World Generate(int flows_max) {
    World world;
    const std::vector<std::vector<Id>> paths = Below(2) ? AnyPaths(world) : RackPaths(world);
    const int flows = 1 + Below(flows_max);
    for (int i = 0; i < flows; ++i) {
      const int after = i > 0 && Below(3) == 0 ? Below(i) : -1;
      const double delay = Below(4) == 0 ? 0 : Number(0.01, 1);
      const double bytes = Below(20) ? Number(1e6, 1e8) : 0;
      world.flows.push_back({paths[Below(static_cast<int>(paths.size()))], bytes, after, delay});
    }
    return world;
  }

 private:
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  // Round numbers make ties.
  double Number(double low, double high) {
    if (round_) return low * (1 << Below(4));
    return low * std::pow(high / low, std::uniform_real_distribution<>()(random_));
  }

  std::vector<std::vector<Id>> AnyPaths(World& world) {
    const int links = 1 + Below(12);
    for (int i = 0; i < links; ++i) {
      world.capacities.push_back(equal_ ? 1e9 : Number(1e8, Below(10) ? 1e9 : 1e12));
    }
    std::vector<std::vector<Id>> paths(static_cast<size_t>(1 + Below(40)));
    for (std::vector<Id>& path : paths) {
      for (int wanted = 1 + Below(4); wanted > 0; --wanted) {
        const Id link = static_cast<Id>(Below(links));
        if (std::find(path.begin(), path.end(), link) == path.end()) path.push_back(link);
      }
    }
    return paths;
  }

  // Links: up and down of each host, then of each rack.
  std::vector<std::vector<Id>> RackPaths(World& world) {
    const Id rack = static_cast<Id>(1 + Below(4));
    const Id racks = static_cast<Id>(1 + Below(4));
    const Id hosts = rack * racks;
    for (Id i = 0; i < 2 * hosts; ++i) {
      world.capacities.push_back(equal_ || Below(10) ? 1e9 : 1e8);
    }
    for (Id i = 0; i < 2 * racks; ++i) world.capacities.push_back(rack * 1e9 / (1 + Below(4)));
    std::vector<std::vector<Id>> paths;
    for (Id from = 0; from < hosts; ++from) {
      for (Id to = 0; to < hosts; ++to) {
        if (from / rack == to / rack) {
          paths.push_back({2 * from, 2 * to + 1});
        } else {
          paths.push_back(
              {2 * from, 2 * (hosts + from / rack), 2 * (hosts + to / rack) + 1, 2 * to + 1});
        }
      }
    }
    return paths;
  }

  std::mt19937_64 random_;
  const bool round_;
  const bool equal_;
};

// Completion times by flow. Calls settled(now) at every instant.
template <class Sharing, class Settled>
std::vector<double> Run(const World& world, Sharing& sharing, Settled settled) {
  for (double capacity : world.capacities) sharing.AddLink(capacity, true);
  std::vector<double> start;
  for (const Flow& flow : world.flows) {
    sharing.AddRoute(flow.path);
    start.push_back(flow.after < 0 ? flow.delay : kInfinity);
  }
  std::vector<double> end(world.flows.size(), kInfinity);
  std::vector<Id> complete;
  for (;;) {
    double now = sharing.Next();
    for (double time : start) now = std::min(now, time);
    if (now == kInfinity) return end;
    complete.clear();
    sharing.Advance(now, complete);
    for (Id done : complete) {
      end[done] = now;
      for (size_t i = 0; i < start.size(); ++i) {
        if (world.flows[i].after == static_cast<int>(done)) start[i] = now + world.flows[i].delay;
      }
    }
    for (Id i = 0; i < start.size(); ++i) {
      if (start[i] > now) continue;
      sharing.Start(i, world.flows[i].bytes, i);
      start[i] = kInfinity;
    }
    sharing.Settle(now);
    settled(now);
  }
}

// No link carries more than it can, and every flow is bound by a full link on which it is fastest.
void ExpectFair(const World& world, const FairSharing& sharing) {
  std::vector<double> load(world.capacities.size());
  std::vector<double> fastest(world.capacities.size());
  std::vector<uint32_t> count(world.capacities.size());
  for (Id i = 0; i < world.flows.size(); ++i) {
    const double rate = sharing.Rate(i);
    for (Id link : world.flows[i].path) {
      load[link] += rate;
      count[link] += rate > 0;
      fastest[link] = std::max(fastest[link], rate);
    }
  }
  const auto full = [&](Id link) {
    return load[link] >= world.capacities[link] * world.incast.Goodput(count[link]) * (1 - 1e-9);
  };
  for (Id link = 0; link < load.size(); ++link) {
    ASSERT_LE(load[link], world.capacities[link] * (1 + 1e-9));
  }
  for (Id i = 0; i < world.flows.size(); ++i) {
    const double rate = sharing.Rate(i);
    const std::vector<Id>& path = world.flows[i].path;
    ASSERT_TRUE(rate == 0 || std::any_of(path.begin(), path.end(),
                                         [&](Id link) {
                                           return full(link) && rate >= fastest[link] * (1 - 1e-9);
                                         }))
        << "flow " << i;
  }
}

void ExpectAgreement(const World& world, FairSharing& sharing) {
  ProgressiveFilling textbook(world.incast);
  const std::vector<double> expected = Run(world, textbook, [](double) {});
  const std::vector<double> actual =
      Run(world, sharing, [&](double) { ExpectFair(world, sharing); });
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], 1e-9 * std::max(expected[i], 1e-3)) << "flow " << i;
  }
}

TEST(FairSharingTest, GivesALoneFlowTheNarrowestLink) {
  FairSharing sharing;
  const Id route = sharing.AddRoute(std::vector<Id>{sharing.AddLink(100), sharing.AddLink(25)});
  std::vector<Id> complete;

  sharing.Start(route, 50, 7);
  sharing.Settle(0);

  EXPECT_EQ(sharing.Rate(route), 25);
  EXPECT_EQ(sharing.Next(), 2);
  sharing.Advance(2, complete);
  EXPECT_EQ(complete, std::vector<Id>{7});
  EXPECT_EQ(sharing.bytes(1), 50);
}

// Bertsekas and Gallager's kind of example: two flows share a narrow link, the third takes what
// they leave of the wide one.
TEST(FairSharingTest, GivesWhatBoundFlowsLeaveToTheOthers) {
  FairSharing sharing;
  const Id wide = sharing.AddLink(100);
  const Id narrow = sharing.AddLink(30);
  const Id first = sharing.AddRoute(std::vector<Id>{wide, narrow});
  const Id second = sharing.AddRoute(std::vector<Id>{narrow});
  const Id third = sharing.AddRoute(std::vector<Id>{wide});

  for (Id route : {first, second, third}) sharing.Start(route, 1000, route);
  sharing.Settle(0);

  EXPECT_EQ(sharing.Rate(first), 15);
  EXPECT_EQ(sharing.Rate(second), 15);
  EXPECT_EQ(sharing.Rate(third), 85);
}

TEST(FairSharingTest, AgreesWithProgressiveFilling) {
  for (uint64_t seed = 0; seed < testing::RandomSeeds(4000); ++seed) {
    SCOPED_TRACE(seed);
    const World world = WorldGenerator(seed).Generate(seed % 10 ? 30 : 200);
    FairSharing sharing;
    ASSERT_NO_FATAL_FAILURE(ExpectAgreement(world, sharing));
  }
}

TEST(FairSharingTest, AgreesWithProgressiveFillingUnderIncast) {
  for (uint64_t seed = 0; seed < testing::RandomSeeds(1000); ++seed) {
    SCOPED_TRACE(seed);
    World world = WorldGenerator(seed).Generate(30);
    world.incast = {.flows = 1 + static_cast<uint32_t>(seed % 5), .floor = 0.4};
    FairSharing sharing(world.incast);
    ASSERT_NO_FATAL_FAILURE(ExpectAgreement(world, sharing));
  }
}

// In such worlds every link is visited in the same instant.
TEST(FairSharingTest, SettlesAsManyBottlenecksAsThereAreLinks) {
  constexpr Id kLinks = 150'000;
  FairSharing sharing;
  for (Id link = 0; link < kLinks; ++link) {
    sharing.AddLink(100);
    for (Id route : {2 * link, 2 * link + 1}) {
      sharing.AddRoute(std::vector<Id>{link});
      sharing.Start(route, 50, route);
    }
  }
  sharing.Settle(0);

  EXPECT_EQ(sharing.Next(), 1);
  for (Id route = 0; route < 2 * kLinks; ++route) ASSERT_EQ(sharing.Rate(route), 50);
}

}  // namespace
}  // namespace sim
