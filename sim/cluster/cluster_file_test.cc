#include "sim/cluster/cluster_file.h"

#include <fstream>
#include <random>
#include <string>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/testing/damage.h"
#include "gtest/gtest.h"

namespace sim {
namespace {

std::string Write(const std::string& text) {
  const std::string path = ::testing::TempDir() + "/cluster.json";
  EXPECT_TRUE(core::WriteFile(path, text).ok());
  return path;
}

constexpr char kAll[] = R"({
  "name": "all keys",
  "nic": {"bandwidth": "25Gbps", "latency": "25us", "burst": "256KiB"},
  "hosts": [{"first": 2, "last": 3, "bandwidth": "1GB/s", "latency": "1ms"}],
  "ranks_per_host": 4,
  "inside_host": {"bandwidth": "100GB/s", "latency": "2us"},
  "racks": {"hosts": 32, "oversubscription": 4, "latency": "1us"},
  "message": {"send_overhead": "3us", "receive_overhead": "4us", "eager_size": "8KiB"},
  "incast": {"flows": 16, "floor": 0.5},
  "accumulate_rate": "4GB/s",
  "disturbance": {
    "seed": 7, "jitter": 0.1, "straggler_share": 0.01, "straggler_factor": 2,
    "slow_link_share": 0.02, "slow_link_factor": 10, "stagger": "10us"
  }
})";

TEST(ClusterFileTest, DamagedFilesAreReadOrRefusedByName) {
  std::mt19937 random(1);
  int refused = 0;
  const std::string path = Write("");
  for (int round = 0; round < 3000; ++round) {
    std::ofstream(path, std::ios::binary) << core::Damaged(kAll, random);
    try {
      EXPECT_GT(ReadCluster(path).nic.bytes_per_second, 0);
    } catch (const core::Error& error) {
      EXPECT_EQ(std::string(error.what()).find(path), 0u) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(ClusterFileTest, ReadsEveryKey) {
  const Cluster cluster = ReadCluster(Write(kAll));
  EXPECT_EQ(cluster.name, "all keys");
  EXPECT_EQ(cluster.nic.bytes_per_second, 3.125e9);
  EXPECT_DOUBLE_EQ(cluster.nic.latency, 25e-6);
  EXPECT_EQ(cluster.nic.burst, 262144);
  ASSERT_EQ(cluster.exceptions.size(), 1u);
  EXPECT_EQ(cluster.exceptions[0].nic.burst, 0);
  EXPECT_EQ(cluster.exceptions[0].last, 3);
  EXPECT_EQ(cluster.exceptions[0].nic.bytes_per_second, 1e9);
  EXPECT_EQ(cluster.ranks_per_host, 4);
  EXPECT_EQ(cluster.inside_host.bytes_per_second, 1e11);
  EXPECT_EQ(cluster.hosts_per_rack, 32);
  EXPECT_EQ(cluster.oversubscription, 4);
  EXPECT_DOUBLE_EQ(cluster.rack_latency, 1e-6);
  EXPECT_DOUBLE_EQ(cluster.send_overhead, 3e-6);
  EXPECT_DOUBLE_EQ(cluster.receive_overhead, 4e-6);
  EXPECT_EQ(cluster.eager_bytes, 8192);
  EXPECT_EQ(cluster.incast.flows, 16u);
  EXPECT_EQ(cluster.incast.floor, 0.5);
  EXPECT_EQ(cluster.accumulate_bytes_per_second, 4e9);
  EXPECT_EQ(cluster.disturbance.seed, 7u);
  EXPECT_EQ(cluster.disturbance.jitter, 0.1);
  EXPECT_EQ(cluster.disturbance.straggler_factor, 2);
  EXPECT_EQ(cluster.disturbance.slow_link_share, 0.02);
  EXPECT_DOUBLE_EQ(cluster.disturbance.stagger, 10e-6);
}

TEST(ClusterFileTest, SharedCoresAndRacksExcludeEachOther) {
  const std::string cores = R"({"nic": {"bandwidth": "10Gbps", "latency": "0s"},
                               "shared_cores": {"count": 2, "byte": "0.5ns"})";
  const SharedCores read = ReadCluster(Write(cores + "}")).shared_cores;
  EXPECT_EQ(read.count, 2);
  EXPECT_EQ(read.seconds_per_byte, 0.5e-9);
  try {
    ReadCluster(Write(cores + R"(, "racks": {"hosts": 2}})"));
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_NE(std::string(error.what()).find("shared_cores: are for hosts without racks"),
              std::string::npos);
  }
}

TEST(ClusterFileTest, OnlyTheCardIsNeeded) {
  const Cluster cluster =
      ReadCluster(Write(R"({"nic": {"bandwidth": "10Gbps", "latency": "0s"}})"));
  EXPECT_EQ(cluster.ranks_per_host, 1);
  EXPECT_EQ(cluster.hosts_per_rack, 0);
  EXPECT_EQ(cluster.accumulate_bytes_per_second, 0);
}

// The error, without the file's name, of the text above with one part replaced.
std::string ErrorWith(const std::string& from, const std::string& to) {
  std::string text = kAll;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  const std::string path = Write(text);
  try {
    ReadCluster(path);
  } catch (const core::Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.rfind(path + ": ", 0), 0u) << message;
    return message.substr(path.size() + 2);
  }
  return "no error";
}

TEST(ClusterFileTest, ErrorsNameFileAndKey) {
  EXPECT_EQ(ErrorWith("25Gbps", "25Gb"),
            "nic.bandwidth: '25Gb' has no unit that means one thing only: write 25Gbps (bits) or "
            "3.125GB/s (bytes)");
  EXPECT_EQ(ErrorWith("\"25Gbps\"", "25"), "nic.bandwidth: is 25, not a text");
  EXPECT_EQ(ErrorWith("25us", "-25us"),
            "nic.latency: '-25us' does not begin with a number that is not negative: write 50us, "
            "1.5ms or 2s");
  EXPECT_EQ(ErrorWith("\"bandwidth\": \"25Gbps\", ", ""), "nic.bandwidth: is missing");
  EXPECT_EQ(ErrorWith("\"ranks_per_host\": 4", "\"ranks_per_host\": 0"),
            "ranks_per_host: is 0, not a number from 1.0 on");
  EXPECT_EQ(ErrorWith("\"inside_host\"", "\"inside_hosts\""),
            "inside_host: is missing: ranks_per_host is 4");
  EXPECT_EQ(ErrorWith("\"oversubscription\": 4", "\"oversubscribtion\": 4"),
            "racks.oversubscribtion: is no key that is known here: did you mean "
            "oversubscription?");
  EXPECT_EQ(ErrorWith("\"oversubscription\": 4", "\"oversubscription\": 0"),
            "racks.oversubscription: is not above 0");
  EXPECT_EQ(ErrorWith("\"floor\": 0.5", "\"floor\": 1.5"),
            "incast.floor: is not above 0 and at most 1");
  EXPECT_EQ(ErrorWith("\"straggler_share\": 0.01", "\"straggler_share\": 2"),
            "disturbance.straggler_share: is more than 1: a share is from 0 to 1");
  EXPECT_EQ(ErrorWith("\"last\": 3", "\"last\": 1"), "hosts[0].last: is before first");
}

}  // namespace
}  // namespace sim
