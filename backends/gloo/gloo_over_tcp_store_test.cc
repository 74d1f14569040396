// A program that links both Gloo and libtorch, which carries another Gloo: whose functions are
// called is decided by the order of linking.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "backends/gloo/gloo_communicator.h"
#include "backends/rendezvous/tcp_store.h"
#include "core/task.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

int FreePort() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  bind(probe, reinterpret_cast<sockaddr*>(&address), length);
  getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length);
  close(probe);
  return ntohs(address.sin_port);
}

core::Task SumRanks(core::Communicator& communicator, float& sum) {
  sum = static_cast<float>(communicator.rank());
  co_await communicator.AllReduce({&sum, 1});
}

void RunRank(int rank, int size, int port, float& sum) {
  const auto store = ConnectTcpStore({.port = port, .serve = rank == 0});
  const auto communicator = ConnectGloo({.rank = rank, .size = size, .store = store.get()});
  core::RunToEnd(SumRanks(*communicator, sum));
}

TEST(GlooOverTcpStoreTest, RanksFindEachOtherAndCommunicateBesideLibtorch) {
  constexpr int kSize = 3;
  const int port = FreePort();
  std::vector<float> sums(kSize);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < kSize; ++rank) {
    threads.emplace_back(RunRank, rank, kSize, port, std::ref(sums[rank]));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sums, std::vector<float>(kSize, 3.0f));
}

}  // namespace
}  // namespace backends
