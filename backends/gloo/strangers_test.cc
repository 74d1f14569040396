// Somebody who is not of the run connects to the ports that ranks open for each other.

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/gloo/gloo_communicator.h"
#include "backends/rendezvous/file_store.h"
#include "core/base/error.h"
#include "core/base/temporary_folder.h"
#include "core/task.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kSize = 4;
constexpr int kNonceBytes = 16;
constexpr int kAddressBytes = 192;

// What a stranger does once it is connected.
struct Stranger {
  std::string sends;
  bool stays = true;
  double ports = 1;  // The part of all ports that it finds.
  int attempts = 2;  // It has gone after so many.
};

// The head of a Gloo message: length of all of it, kind (0 to 3), slot, offset, length, offset.
std::string GlooMessage(uint64_t kind, uint64_t slot, const std::string& elements = "") {
  const uint64_t head[6] = {sizeof(head) + elements.size(), kind, slot, 0, elements.size(), 0};
  return std::string(reinterpret_cast<const char*>(head), sizeof(head)) + elements;
}

// Before the other ranks get to know this one's ports, a stranger has found them.
class HauntedStore : public Store {
 public:
  HauntedStore(std::unique_ptr<Store> store, Stranger stranger, int rank)
      : store_(std::move(store)), stranger_(std::move(stranger)), random_(rank) {}

  void Set(const std::string& key, const std::string& value) override {
    if (key.starts_with("gloo/") && key.find("/addresses/") != std::string::npos &&
        std::atoi(key.c_str() + 5) < stranger_.attempts) {
      for (size_t place = kNonceBytes; place < value.size(); place += kAddressBytes) {
        sockaddr_in address;
        std::memcpy(&address, value.data() + place, sizeof(address));
        if (address.sin_port == 0) continue;  // This rank's own place.
        if (std::uniform_real_distribution<>()(random_) < stranger_.ports) Connect(address);
      }
      std::this_thread::sleep_for(milliseconds(50));  // It is taken for the peer.
    }
    store_->Set(key, value);
  }
  void Append(const std::string& key, const std::string& value) override {
    store_->Append(key, value);
  }
  std::optional<std::string> Get(const std::string& key, milliseconds timeout) override {
    return store_->Get(key, timeout);
  }
  std::string secret() const override { return secret_; }
  void set_secret(const std::string& secret) { secret_ = secret; }

 private:
  void Connect(const sockaddr_in& address) {
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    send(connection, stranger_.sends.data(), stranger_.sends.size(), MSG_NOSIGNAL);
    if (!stranger_.stays) close(connection);
  }

  const std::unique_ptr<Store> store_;
  const Stranger stranger_;
  std::mt19937 random_;
  std::string secret_;
};

core::Task SumRanks(core::Communicator& communicator) {
  std::vector<float> sums(1000, static_cast<float>(communicator.rank()));
  co_await communicator.AllReduce({sums.data(), 1000});
  if (sums != std::vector<float>(1000, 6.0f)) throw core::Error("wrong sums");
}

using Secrets = std::function<std::string(int rank)>;

// What each rank, a process of its own, ended with: nothing, an error's words, or a signal.
std::vector<std::string> RunRanks(const Stranger& stranger, milliseconds timeout,
                                  const Secrets& secret = nullptr) {
  const core::TemporaryFolder folder;
  std::vector<pid_t> processes;
  for (int rank = 0; rank < kSize; ++rank) {
    processes.push_back(fork());
    if (processes.back() != 0) continue;
    try {
      HauntedStore store(OpenFileStore(folder.path()), stranger, rank);
      if (secret) store.set_secret(secret(rank));
      const auto communicator =
          ConnectGloo({.rank = rank, .size = kSize, .store = &store, .timeout = timeout});
      core::RunToEnd(SumRanks(*communicator));
    } catch (const core::Error& error) {
      std::ofstream(folder.path() + "/error" + std::to_string(rank)) << error.what();
    }
    std::_Exit(0);
  }
  std::vector<std::string> ends;
  for (int rank = 0; rank < kSize; ++rank) {
    int status = 0;
    waitpid(processes[rank], &status, 0);
    std::ifstream file(folder.path() + "/error" + std::to_string(rank));
    ends.push_back(std::string(std::istreambuf_iterator<char>(file), {}));
    if (WIFSIGNALED(status)) ends.back() = "signal " + std::to_string(WTERMSIG(status));
  }
  return ends;
}

const std::vector<std::string> kAllWell(kSize);

TEST(Strangers, WhoConnectsAndClosesIsFollowedByThePeer) {
  EXPECT_EQ(RunRanks({.stays = false}, seconds(60)), kAllWell);
}

TEST(Strangers, WhoStaysSilentIsFollowedByThePeer) {
  EXPECT_EQ(RunRanks({}, seconds(60)), kAllWell);
}

TEST(Strangers, SomePortsAreEnough) {
  for (bool stays : {true, false}) {
    EXPECT_EQ(RunRanks({.stays = stays, .ports = 0.3, .attempts = 1}, seconds(60)), kAllWell);
  }
}

TEST(Strangers, WhoSendsBytesIsFollowedByThePeer) {
  for (const std::string& bytes :
       {std::string("G"), std::string("GET / HTTP/1.1\r\n"), std::string(200, '\xff')}) {
    for (bool stays : {true, false}) {
      EXPECT_EQ(RunRanks({.sends = bytes, .stays = stays}, seconds(60)), kAllWell) << bytes;
    }
  }
}

TEST(Strangers, WhoSpeaksTheProtocolIsFollowedByThePeer) {
  for (uint64_t kind : {2, 3}) {
    for (uint64_t purpose : {1, 4, 7}) {
      EXPECT_EQ(RunRanks({.sends = GlooMessage(kind, purpose << 56)}, seconds(60)), kAllWell);
    }
  }
}

// Gloo ends the process on elements that nobody has asked for. The others do not go on with them.
TEST(Strangers, WhoSendsElementsBecomesNoPeer) {
  const auto start = steady_clock::now();
  for (const std::string& end :
       RunRanks({.sends = GlooMessage(1, uint64_t{4} << 56, std::string(32, 'x'))}, seconds(3))) {
    EXPECT_NE(end, "");
    if (end != "signal 6") {
      EXPECT_THAT(end, HasSubstr("did not come within 3 s"));
    }
  }
  EXPECT_LT(steady_clock::now() - start, seconds(20));
}

TEST(Strangers, WhoNeverGivesUpEndsTheRunWithALineThatSaysSo) {
  const auto start = steady_clock::now();
  const std::vector<std::string> ends = RunRanks({.stays = false, .attempts = 1000}, seconds(60));
  for (int rank = 0; rank < kSize; ++rank) {
    EXPECT_THAT(ends[rank], AllOf(HasSubstr("rank " + std::to_string(rank) + ": "),
                                  HasSubstr("could not be connected"), HasSubstr("interface"),
                                  HasSubstr("nobody else connects")));
  }
  EXPECT_LT(steady_clock::now() - start, seconds(20));
}

TEST(Strangers, WhoDoesNotKnowTheSecretBecomesNoPeer) {
  const Stranger nobody{.attempts = 0};
  EXPECT_EQ(RunRanks(nobody, seconds(60), [](int) { return "secret"; }), kAllWell);
  for (const std::string& end :
       RunRanks(nobody, seconds(60), [](int rank) { return rank == 2 ? "guess" : "secret"; })) {
    EXPECT_THAT(end, AllOf(HasSubstr("has not proved to be it"), HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace backends
