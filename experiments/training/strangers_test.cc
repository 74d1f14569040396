// While four ranks train, somebody who is not of the run connects to every port that they open.

#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/membership/report.h"
#include "backends/rendezvous/tcp_store.h"
#include "core/base/error.h"
#include "core/records/results.h"
#include "experiments/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using testing::Command;
using testing::Ended;
using ::testing::HasSubstr;
using testing::MakeFolder;

constexpr int kRanks = 4;
constexpr std::chrono::seconds kLimit(120);
constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

// Sockets that this process has open, as /proc/net/tcp names them.
std::set<std::string> SocketsOf(pid_t process) {
  std::set<std::string> sockets;
  const std::string folder = "/proc/" + std::to_string(process) + "/fd";
  DIR* const entries = opendir(folder.c_str());
  if (entries == nullptr) return sockets;  // It has ended.
  while (const dirent* entry = readdir(entries)) {
    char target[64] = {};
    if (readlink((folder + "/" + entry->d_name).c_str(), target, sizeof(target) - 1) < 0) continue;
    const std::string name = target;
    if (name.starts_with("socket:[")) sockets.insert(name.substr(8, name.size() - 9));
  }
  closedir(entries);
  return sockets;
}

// Where these processes listen.
std::vector<sockaddr_in> PortsOf(const std::vector<pid_t>& processes) {
  std::set<std::string> sockets;
  for (pid_t process : processes) sockets.merge(SocketsOf(process));
  std::vector<sockaddr_in> ports;
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, retransmitted, user, timeout, socket;
    words >> number >> local >> remote >> state >> queues >> timer >> retransmitted >> user >>
        timeout >> socket;
    if (state != "0A" || !sockets.contains(socket)) continue;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr =
        static_cast<in_addr_t>(std::strtoul(local.substr(0, 8).c_str(), nullptr, 16));
    address.sin_port =
        htons(static_cast<uint16_t>(std::strtoul(local.substr(9).c_str(), nullptr, 16)));
    ports.push_back(address);
  }
  return ports;
}

// How many sockets on all interfaces, of either family, these processes listen at.
int OpenToAll(const std::vector<pid_t>& processes) {
  std::set<std::string> sockets;
  for (pid_t process : processes) sockets.merge(SocketsOf(process));
  int count = 0;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream table(path);
    for (std::string line; std::getline(table, line);) {
      std::istringstream words(line);
      std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
      if (fields.size() < 10 || fields[3] != "0A" || !sockets.contains(fields[9])) continue;
      if (fields[1].substr(0, fields[1].find(':')).find_first_not_of('0') == std::string::npos) {
        ++count;
      }
    }
  }
  return count;
}

std::string Words(std::initializer_list<uint64_t> words) {
  std::string bytes;
  for (uint64_t word : words) bytes.append(reinterpret_cast<const char*>(&word), sizeof(word));
  return bytes;
}

// Connects in turn to every port of some processes, as long as it lives.
class Strangers {
 public:
  using Processes = std::function<std::vector<pid_t>()>;

  // So often they go to ports other than `store`, and to that one without end.
  Strangers(Processes processes, int store, int visits_max)
      : processes_(std::move(processes)),
        store_(store),
        visits_max_(visits_max),
        thread_([this] { Roam(); }) {}
  ~Strangers() {
    leaving_ = true;
    thread_.join();
    for (int connection : connections_) close(connection);
  }

  int visits() const { return visits_; }
  int open_to_all() const { return open_to_all_; }

 private:
  static constexpr size_t kConnectionsMax = 100;

  void Roam() {
    while (!leaving_) {
      const std::vector<pid_t> processes = processes_();
      open_to_all_ = open_to_all_ + OpenToAll(processes);
      for (const sockaddr_in& port : PortsOf(processes)) {
        if (ntohs(port.sin_port) == store_ || visits_max_-- > 0) Visit(port);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  void Visit(const sockaddr_in& port) {
    // Nothing, bytes, a message of Gloo's that one is ready to receive, half a question to the store
    // and one with a length that is not to be had.
    static const std::vector<std::string> kOpenings = {
        "", "GET / HTTP/1.1\r\n\r\n", Words({48, 3, uint64_t{4} << 56, 0, 0, 0}),
        std::string("\xce\xf7\x85\x3c\x01", 5),
        std::string("\xce\xf7\x85\x3c\x01", 5) + Words({~uint64_t{0}, 1})};
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    connect(connection, reinterpret_cast<const sockaddr*>(&port), sizeof(port));
    const std::string& opening = kOpenings[visits_ / 2 % kOpenings.size()];
    send(connection, opening.data(), opening.size(), MSG_NOSIGNAL);
    connections_.push_back(connection);
    // Every other one leaves at once, the others stay.
    if (visits_++ % 2 == 0) Close(connections_.size() - 1);
    if (connections_.size() > kConnectionsMax) Close(0);
  }

  void Close(size_t place) {
    close(connections_[place]);
    connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(place));
  }

  const Processes processes_;
  const int store_;
  int visits_max_;  // The thread's.
  std::atomic<bool> leaving_ = false;
  std::atomic<int> visits_ = 0, open_to_all_ = 0;
  std::deque<int> connections_;  // The thread's, while it runs.
  std::thread thread_;
};

std::vector<std::string> Arguments(const std::string& output) {
  return {"experiments/baseline_ddp", "--nproc-per-node=4", "--synthetic", "--image-size=32",
          "--batch-size=1",           "--epochs=3",         "--steps=5",   "--timeout=30",
          "--output-dir=" + output};
}

std::vector<double> LossesIn(const std::string& output) {
  const auto results = core::ReadResults(output + "/results_baseline_ddp.json");
  EXPECT_TRUE(results.ok()) << results.status();
  return results.ok() ? results->all_losses : std::vector<double>{};
}

std::vector<double> LossesWithoutStrangers() {
  static const std::vector<double> losses = [] {
    const std::string output = MakeFolder();
    const Ended ended = testing::RunCommand(Arguments(output));
    EXPECT_EQ(ended.code, 0) << ended.errors;
    return LossesIn(output);
  }();
  return losses;
}

// Each spoils at most one of the five attempts to connect all ranks, for up to ten seconds.
constexpr int kFew = 2;
constexpr int kMany = 1'000'000;

TEST(Strangers, ARunOfOurOwnLauncherIsNotDisturbed) {
  const std::vector<double> expected = LossesWithoutStrangers();
  const std::string output = MakeFolder();
  Command command(Arguments(output));
  const Strangers strangers([&] { return command.Children(); }, 0, kFew);
  const Ended ended = command.Wait(kLimit);
  EXPECT_EQ(ended.code, 0) << ended.errors;
  EXPECT_EQ(LossesIn(output), expected);
  EXPECT_GT(strangers.visits(), 0);
  EXPECT_EQ(strangers.open_to_all(), 0);
}

// Who never leaves keeps the ranks from each other.
TEST(Strangers, ARunThatCannotConnectSaysSoInTime) {
  const std::string output = MakeFolder();
  Command command(Arguments(output));
  const Strangers strangers([&] { return command.Children(); }, 0, kMany);
  const Ended ended = command.Wait(kLimit);
  if (ended.code == 0) {
    EXPECT_EQ(LossesIn(output), LossesWithoutStrangers());
  } else {
    EXPECT_EQ(ended.code, 1) << ended.errors;
    EXPECT_THAT(ended.errors, HasSubstr("nobody else connects"));
  }
}

// Says in the name of rank 1 that it has failed, to those who believe it.
void Forge(int port) {
  try {
    const auto store = backends::ConnectTcpStore(
        {.port = port, .prefix = "lockstep/0", .timeout = std::chrono::seconds(60)});
    backends::Report report{.reason = backends::Reason::kFailed, .rank = 1};
    report.SetText("forged");
    for (int i = 0; i < 100; ++i) {
      store->Append("reports", {reinterpret_cast<const char*>(&report), sizeof(report)});
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  } catch (const core::Error&) {  // The run has ended.
  }
}

// Ranks that meet at a server of rank 0's, where strangers find the keys, too.
TEST(Strangers, ARunThatMeetsOverTheNetworkIsNotDisturbed) {
  const std::vector<double> expected = LossesWithoutStrangers();
  const std::string output = MakeFolder();
  const int port = 20000 + getpid() % 9000;
  std::vector<std::unique_ptr<Command>> ranks;
  for (int rank = 0; rank < kRanks; ++rank) {
    ranks.push_back(std::make_unique<Command>(
        Arguments(output),
        std::map<std::string, std::string>{{"RANK", std::to_string(rank)},
                                           {"WORLD_SIZE", std::to_string(kRanks)},
                                           {"LOCAL_WORLD_SIZE", std::to_string(kRanks)},
                                           {"MASTER_ADDR", "127.0.0.1"},
                                           {"MASTER_PORT", std::to_string(port)},
                                           {"LOCKSTEP_SECRET", kSecret}}));
  }
  const Strangers strangers(
      [&] {
        std::vector<pid_t> processes;
        for (const auto& rank : ranks) processes.push_back(rank->process());
        return processes;
      },
      port, kFew);
  std::thread forger(Forge, port);
  for (const auto& rank : ranks) {
    const Ended ended = rank->Wait(kLimit);
    EXPECT_EQ(ended.code, 0) << ended.errors;
  }
  forger.join();
  EXPECT_EQ(LossesIn(output), expected);
  EXPECT_GT(strangers.visits(), 100);
  EXPECT_EQ(strangers.open_to_all(), 0);
}

}  // namespace
}  // namespace experiments
