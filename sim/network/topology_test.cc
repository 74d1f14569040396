#include "sim/network/topology.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sim {
namespace {

std::vector<std::string> Names(const Topology& topology, int from, int to) {
  std::vector<std::string> names;
  const Path path = topology.PathBetween(from, to);
  for (uint32_t link : path.view()) names.push_back(topology.LinkName(link));
  return names;
}

using List = std::vector<std::string>;

TEST(TopologyTest, AStarHasTwoLinksAPath) {
  const Cluster cluster{.nic = {100, 0.5}, .exceptions = {{1, 1, {40, 2}}}};
  FairSharing sharing;
  const Topology topology(cluster, 3, sharing);
  EXPECT_EQ(Names(topology, 0, 1), (List{"host 0's up-link", "host 1's down-link"}));
  EXPECT_EQ(topology.PathBetween(0, 2).latency, 1);
  EXPECT_EQ(topology.PathBetween(0, 1).latency, 2.5);
  EXPECT_EQ(sharing.link_count(), 6u);
  EXPECT_EQ(sharing.capacity(0), 100);
  EXPECT_EQ(sharing.capacity(3), 40);
  EXPECT_TRUE(Names(topology, 1, 1).empty());
}

TEST(TopologyTest, RanksOfOneHostDoNotUseItsCard) {
  const Cluster cluster{.nic = {100, 0.5}, .ranks_per_host = 2, .inside_host = {1000, 0.125}};
  FairSharing sharing;
  const Topology topology(cluster, 5, sharing);
  EXPECT_EQ(Names(topology, 2, 3),
            (List{"rank 2's up-link inside its host", "rank 3's down-link inside its host"}));
  EXPECT_EQ(topology.PathBetween(2, 3).latency, 0.25);
  EXPECT_EQ(Names(topology, 1, 4), (List{"host 0's up-link", "host 2's down-link"}));
  EXPECT_EQ(sharing.capacity(topology.PathBetween(2, 3).links[0]), 1000);
}

TEST(TopologyTest, RacksShareWhatOversubscriptionLeaves) {
  const Cluster cluster{
      .nic = {100, 0.5}, .hosts_per_rack = 4, .oversubscription = 8, .rack_latency = 0.25};
  FairSharing sharing;
  const Topology topology(cluster, 10, sharing);
  EXPECT_EQ(Names(topology, 0, 3), (List{"host 0's up-link", "host 3's down-link"}));
  EXPECT_EQ(Names(topology, 3, 4), (List{"host 3's up-link", "rack 0's up-link",
                                         "rack 1's down-link", "host 4's down-link"}));
  EXPECT_EQ(topology.PathBetween(3, 4).latency, 1.5);
  EXPECT_EQ(sharing.capacity(topology.PathBetween(3, 4).links[1]), 50);
}

TEST(TopologyTest, MessagesBetweenHostsTakeTheCoresThatTheseShare) {
  const Cluster cluster{.nic = {100, 0.5},
                        .ranks_per_host = 2,
                        .inside_host = {1000, 0.125},
                        .shared_cores = {3, 0.01}};
  FairSharing sharing;
  const Topology topology(cluster, 4, sharing);
  EXPECT_EQ(Names(topology, 1, 2),
            (List{"host 0's up-link", "the hosts' cores", "host 1's down-link"}));
  EXPECT_EQ(sharing.capacity(topology.PathBetween(1, 2).links[1]), 300);
  EXPECT_EQ(topology.PathBetween(1, 2).latency, 1);
  EXPECT_EQ(Names(topology, 0, 1).size(), 2u);
  const Path overhead = topology.OverheadPath(1, true);
  EXPECT_EQ(topology.LinkName(overhead.links[0]), "the core with which rank 1 receives");
  EXPECT_EQ(sharing.capacity(overhead.links[0]), 100);
  EXPECT_EQ(overhead.links[1], topology.PathBetween(1, 2).links[1]);
}

TEST(TopologyTest, CountsTheMessagesOfAllPairs) {
  const Cluster star{.nic = {100, 0.5}};
  Cluster cores = star;
  cores.shared_cores = {2, 0.01};
  const Cluster hosts{.nic = {100, 0.5}, .ranks_per_host = 2, .inside_host = {1000, 0.125}};
  Cluster racks = hosts;
  racks.hosts_per_rack = 2;
  for (const Cluster& cluster : {star, cores, hosts, racks}) {
    constexpr int kRanks = 11;  // The last host and the last rack are not full.
    FairSharing sharing;
    const Topology topology(cluster, kRanks, sharing);
    std::vector<double> load(sharing.link_count(), 0);
    for (int from = 0; from < kRanks; ++from) {
      for (int to = 0; to < kRanks; ++to) {
        const Path path = topology.PathBetween(from, to);
        for (uint32_t link : path.view()) ++load[link];
      }
    }
    EXPECT_EQ(topology.AllPairsLoad(), load);
  }
}

TEST(TopologyTest, AsManyHostsAreSlowAsTheShareSays) {
  Cluster cluster{.nic = {100, 0}};
  cluster.disturbance = {.seed = 3, .slow_link_share = 0.25, .slow_link_factor = 10};
  FairSharing sharing;
  const Topology topology(cluster, 4000, sharing);
  int slow = 0;
  for (uint32_t host = 0; host < 4000; ++host) slow += sharing.capacity(2 * host) == 10;
  EXPECT_NEAR(slow, 1000, 4 * 28);  // Four standard deviations.
}

}  // namespace
}  // namespace sim
