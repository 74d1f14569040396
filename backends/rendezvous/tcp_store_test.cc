#include "backends/rendezvous/tcp_store.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A socket that listens on a port of loopback that the system chose, as long as it lives.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    bind(socket_, reinterpret_cast<sockaddr*>(&address), length);
    listen(socket_, 1);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(socket_); }
  int port() const { return port_; }

 private:
  const int socket_;
  int port_ = 0;
};

int FreePort() { return Listener().port(); }

// A connection to a port that belongs to somebody else.
class Stranger {
 public:
  Stranger(const char* host, int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, host, &address.sin_addr);
    address.sin_port = htons(static_cast<uint16_t>(port));
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Stranger() { close(socket_); }
  bool connected() const { return connected_; }
  void Send(const std::string& bytes) { send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

 private:
  const int socket_;
  bool connected_ = false;
};

// What is thrown, of which nothing has been written to standard error.
std::string ErrorOf(const TcpStoreOptions& options) {
  ::testing::internal::CaptureStderr();
  std::string message = "connected";
  try {
    ConnectTcpStore(options);
  } catch (const core::Error& error) {
    message = error.what();
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  return message;
}

TEST(TcpStoreTest, GivesAllRanksWhatOneHasSet) {
  const int port = FreePort();
  const auto server = ConnectTcpStore({.port = port, .serve = true});
  const auto client = ConnectTcpStore({.port = port});
  const std::string value("a\0b\n", 4);
  client->Set("addresses/1", value);
  EXPECT_EQ(server->Get("addresses/1", seconds(10)), value);
  EXPECT_EQ(client->Get("addresses/1", seconds(10)), value);
}

TEST(TcpStoreTest, WaitsForAKeyUntilItIsSet) {
  const int port = FreePort();
  const auto server = ConnectTcpStore({.port = port, .serve = true});
  std::thread setter([&] {
    std::this_thread::sleep_for(milliseconds(50));
    ConnectTcpStore({.port = port})->Set("late", "value");
  });
  EXPECT_EQ(server->Get("late", seconds(20)), "value");
  setter.join();
}

TEST(TcpStoreTest, GivesNothingIfNobodySetsTheKeyInTime) {
  const auto server = ConnectTcpStore({.port = FreePort(), .serve = true});
  EXPECT_EQ(server->Get("never", milliseconds(50)), std::nullopt);
}

TEST(TcpStoreTest, KeepsRunsWithDifferentPrefixesApart) {
  const int port = FreePort();
  const auto first = ConnectTcpStore({.port = port, .serve = true, .prefix = "first"});
  const auto second = ConnectTcpStore({.port = port, .prefix = "second"});
  first->Set("key", "value");
  EXPECT_EQ(second->Get("key", milliseconds(50)), std::nullopt);
}

TEST(TcpStoreTest, AppendsToWhatOthersHaveAppended) {
  const int port = FreePort();
  const auto server = ConnectTcpStore({.port = port, .serve = true});
  const auto client = ConnectTcpStore({.port = port});
  EXPECT_EQ(client->Get("log", milliseconds(0)), std::nullopt);
  server->Append("log", "a");
  client->Append("log", std::string("b\0", 2));
  EXPECT_EQ(client->Get("log", milliseconds(0)), std::string("ab\0", 3));
}

TEST(TcpStoreTest, ListensWhereItIsToldAndNowhereElse) {
  const int port = FreePort();
  const auto server = ConnectTcpStore({.host = "127.0.0.2", .port = port, .serve = true});
  EXPECT_FALSE(Stranger("127.0.0.1", port).connected());
  EXPECT_TRUE(Stranger("127.0.0.2", port).connected());
  ConnectTcpStore({.host = "127.0.0.2", .port = port})->Set("key", "value");
  EXPECT_EQ(server->Get("key", seconds(10)), "value");
}

TEST(TcpStoreTest, ListensOnTheSameAddressByNameAndByNumber) {
  const int port = FreePort();
  const auto server = ConnectTcpStore({.host = "localhost", .port = port, .serve = true});
  EXPECT_TRUE(Stranger("127.0.0.1", port).connected());
  EXPECT_FALSE(Stranger("127.0.0.2", port).connected());
  ConnectTcpStore({.host = "localhost", .port = port})->Set("key", "value");
  EXPECT_EQ(server->Get("key", seconds(10)), "value");
}

TEST(TcpStoreTest, StrangersDoNotStallIt) {
  const int port = FreePort();
  const auto server = ConnectTcpStore({.port = port, .serve = true});
  const std::string magic("\x36\x1e\x2b\x3c", 4);
  std::vector<std::string> openings = {"", "G", "GET / HTTP/1.1\r\n\r\n", std::string(100, '\0'),
                                       std::string(5000, '\xff')};
  for (char query = 0; query < 16; ++query) openings.push_back(magic + query + "\x7f\x7f");
  openings.push_back(magic + std::string(9, '\x7f'));
  std::vector<std::unique_ptr<Stranger>> staying;
  for (const std::string& opening : openings) {
    Stranger("127.0.0.1", port).Send(opening);
    staying.push_back(std::make_unique<Stranger>("127.0.0.1", port));
    staying.back()->Send(opening);
  }
  const auto client = ConnectTcpStore({.port = port, .timeout = seconds(10)});
  client->Set("key", "value");
  EXPECT_EQ(server->Get("key", seconds(10)), "value");
}

// Serves in a process of its own, which can be stopped or killed.
class ServerProcess {
 public:
  explicit ServerProcess(int port) : process_(fork()) {
    if (process_ != 0) return;
    const auto server = ConnectTcpStore({.port = port, .serve = true});
    while (true) pause();
  }
  ~ServerProcess() {
    Signal(SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  void Signal(int signal) const { kill(process_, signal); }

 private:
  const pid_t process_;
};

TEST(TcpStoreTest, AServerThatIsKilledOrStoppedIsAnErrorOfEveryCall) {
  for (int signal : {SIGKILL, SIGSTOP}) {
    const int port = FreePort();
    const ServerProcess server(port);
    ConnectTcpStore({.port = port})->Set("key", "value");  // It may take its time to start.
    const auto client = ConnectTcpStore({.port = port, .timeout = seconds(1)});
    ASSERT_EQ(client->Get("key", milliseconds(0)), "value");

    server.Signal(signal);

    const auto start = std::chrono::steady_clock::now();
    for (int call = 0; call < 3; ++call) {
      try {
        client->Get("other", milliseconds(call));
        client->Append("key", "more");
        FAIL() << "got an answer";
      } catch (const core::Error& error) {
        EXPECT_THAT(error.what(),
                    AllOf(HasSubstr("lost the rendezvous at 127.0.0.1:" + std::to_string(port)),
                          HasSubstr("rank 0")));
      }
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(5));
  }
}

TEST(TcpStoreTest, SaysWhatToDoIfThePortIsInUse) {
  const Listener other;
  const std::string error = ErrorOf({.port = other.port(), .serve = true, .timeout = seconds(2)});
  EXPECT_THAT(error, AllOf(HasSubstr("127.0.0.1:" + std::to_string(other.port())),
                           HasSubstr("in use"), HasSubstr("MASTER_PORT")));
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

TEST(TcpStoreTest, SaysWhatToDoIfNobodyServes) {
  const int port = FreePort();
  const std::string error = ErrorOf({.port = port, .timeout = milliseconds(500)});
  EXPECT_THAT(error, AllOf(HasSubstr("127.0.0.1:" + std::to_string(port)), HasSubstr("rank 0")));
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace backends
