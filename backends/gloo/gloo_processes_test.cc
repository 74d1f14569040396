// Ranks that are processes, and what the others say when one of them dies or stalls.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backends/gloo/gloo_communicator.h"
#include "backends/membership/membership.h"
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

using Body = core::Task (*)(core::Communicator& communicator);

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Processes of one run, which say why they ended.
class Processes {
 public:
  Processes(int size, milliseconds timeout, Body body) {
    for (int rank = 0; rank < size; ++rank) {
      const pid_t process = fork();
      if (process == 0) std::_Exit(RunRank(rank, size, timeout, body));
      processes_.push_back(process);
    }
  }

  ~Processes() {
    for (pid_t process : processes_) {
      if (process != 0) kill(process, SIGKILL);
    }
    while (wait(nullptr) > 0) {
    }
  }

  void Signal(int rank, int signal) { kill(processes_[rank], signal); }

  // What the rank threw, once it has ended; an empty text if it threw nothing, or took too long.
  std::string AwaitError(int rank, steady_clock::time_point deadline) {
    while (waitpid(processes_[rank], nullptr, WNOHANG) == 0) {
      if (steady_clock::now() > deadline) return "";
      std::this_thread::sleep_for(milliseconds(10));
    }
    processes_[rank] = 0;
    return Read(ErrorPath(rank));
  }

  // Until the ranks have gone through the body so far that they have written this.
  static void MarkStep(int rank) {
    if (rank == 0) std::ofstream(marker_) << "x";
  }
  void AwaitMark() const {
    while (!std::filesystem::exists(folder_.path() + "/mark"))
      std::this_thread::sleep_for(milliseconds(1));
  }

 private:
  std::string ErrorPath(int rank) const { return folder_.path() + "/error" + std::to_string(rank); }

  int RunRank(int rank, int size, milliseconds timeout, Body body) {
    marker_ = folder_.path() + "/mark";
    try {
      const auto store = OpenFileStore(folder_.path());
      const auto communicator =
          ConnectGloo({.rank = rank, .size = size, .store = store.get(), .timeout = timeout});
      core::RunToEnd(body(*communicator));
    } catch (const core::Error& error) {
      std::ofstream(ErrorPath(rank)) << error.what();
      return 1;
    }
    return 0;
  }

  static inline std::string marker_;
  const core::TemporaryFolder folder_;
  std::vector<pid_t> processes_;
};

// Never ends by itself.
core::Task AllReduceForever(core::Communicator& communicator) {
  std::vector<float> large(1 << 20), small(100);
  for (int step = 0;; ++step) {
    core::Work first = communicator.AllReduce({small.data(), 100});
    core::Work second = communicator.AllReduce({large.data(), 1 << 20});
    co_await first;
    co_await second;
    if (step == 10) Processes::MarkStep(communicator.rank());
  }
}

// Workers send to rank 0 and get an answer, as with a parameter server.
core::Task ServeForever(core::Communicator& communicator) {
  constexpr int64_t kCount = 1 << 20;
  const int size = communicator.size();
  std::vector<std::vector<float>> data(size, std::vector<float>(kCount));
  for (int step = 0;; ++step) {
    std::vector<core::Work> works;
    for (int peer = 0; peer < size; ++peer) {
      const core::Buffer buffer{data[peer].data(), kCount};
      if (communicator.rank() == 0 && peer > 0) {
        works.push_back(communicator.Receive(buffer, peer, core::SpanKind::kPush));
      } else if (communicator.rank() != 0 && peer == 0) {
        works.push_back(communicator.Send(buffer, 0, core::SpanKind::kPush));
        works.push_back(communicator.Receive(buffer, 0, core::SpanKind::kPull));
      }
    }
    if (communicator.rank() == 0) {
      for (core::Work& work : works) co_await work;
      works.clear();
      for (int peer = 1; peer < size; ++peer) {
        works.push_back(
            communicator.Send({data[peer].data(), kCount}, peer, core::SpanKind::kPull));
      }
    }
    for (core::Work& work : works) co_await work;
    if (step == 10) Processes::MarkStep(communicator.rank());
  }
}

void ExpectAllNameTheVictim(Body body, int victim, int signal, milliseconds timeout,
                            const std::string& cause) {
  constexpr int kSize = 4;
  SCOPED_TRACE("victim " + std::to_string(victim));
  Processes processes(kSize, timeout, body);
  processes.AwaitMark();

  processes.Signal(victim, signal);

  // A death is noticed at once, a stop when the time is over.
  const auto noticed = signal == SIGSTOP ? timeout : milliseconds(0);
  const auto deadline = steady_clock::now() + noticed + seconds(10);
  for (int rank = 0; rank < kSize; ++rank) {
    if (rank == victim) continue;
    EXPECT_THAT(processes.AwaitError(rank, deadline),
                AllOf(HasSubstr("rank " + std::to_string(rank) + ": "),
                      HasSubstr("rank " + std::to_string(victim) + " " + cause)));
  }
}

TEST(GlooProcessesTest, AKilledRankIsNamedByAllOthersInAnAllReduce) {
  for (int victim = 0; victim < 4; ++victim) {
    ExpectAllNameTheVictim(AllReduceForever, victim, SIGKILL, seconds(300), "is gone");
  }
}

TEST(GlooProcessesTest, AKilledServerOrWorkerIsNamedByAllOthers) {
  for (int victim = 0; victim < 4; ++victim) {
    ExpectAllNameTheVictim(ServeForever, victim, SIGKILL, seconds(300), "is gone");
  }
}

TEST(GlooProcessesTest, AStoppedRankIsNamedByAllOthersAfterTheTimeout) {
  ExpectAllNameTheVictim(AllReduceForever, 2, SIGSTOP, seconds(1), "has not answered for 1 s");
  ExpectAllNameTheVictim(ServeForever, 3, SIGSTOP, seconds(1), "has not answered for 1 s");
  ExpectAllNameTheVictim(ServeForever, 0, SIGSTOP, seconds(1), "has not answered for 1 s");
}

// Rank 2 computes for longer than the others wait.
core::Task OneIsBusy(core::Communicator& communicator) {
  float value = 0;
  co_await communicator.AllReduce({&value, 1});
  if (communicator.rank() == 2) std::this_thread::sleep_for(seconds(4));
  co_await communicator.AllReduce({&value, 1});
}

TEST(GlooProcessesTest, ARankThatIsBusyForTooLongIsSaidToBeAlive) {
  Processes processes(3, seconds(1), OneIsBusy);
  const auto deadline = steady_clock::now() + seconds(10);
  for (int rank = 0; rank < 3; ++rank) {
    EXPECT_THAT(processes.AwaitError(rank, deadline),
                AllOf(HasSubstr("all-reduce of 4 bytes"),
                      HasSubstr("rank 2 takes no part in it, although it is alive")));
  }
}

// A rendezvous in memory, where a test can say what another rank would.
class MapStore : public Store {
 public:
  void Set(const std::string& key, const std::string& value) override { values_[key] = value; }
  void Append(const std::string& key, const std::string& value) override { values_[key] += value; }
  std::optional<std::string> Get(const std::string& key, milliseconds) override {
    const auto found = values_.find(key);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<std::string, std::string> values_;
};

std::string ErrorOf(const GlooOptions& options) {
  try {
    ConnectGloo(options);
    return "connected";
  } catch (const core::Error& error) {
    return error.what();
  }
}

TEST(GlooProcessesTest, RanksThatDoNotComeAreNamed) {
  MapStore store;
  EXPECT_THAT(ErrorOf({.rank = 1, .size = 4, .store = &store, .timeout = milliseconds(50)}),
              AllOf(HasSubstr("rank 1: "), HasSubstr("ranks 0, 2, 3 did not come within 0.05 s")));
}

TEST(GlooProcessesTest, ARankWithAnotherWorldSizeIsNamed) {
  MapStore store;
  store.Set("ranks/1", "3\ngloo\nhost\n");
  EXPECT_THAT(ErrorOf({.rank = 0, .size = 2, .store = &store}),
              HasSubstr("rank 1 was started as one of 3 ranks, this one of 2"));
}

TEST(GlooProcessesTest, ARankOfAnotherBackendOrBuildIsNamed) {
  MapStore store;
  store.Set("ranks/1", "2\nnccl\nhost\nhost\nGPU-1\nid");
  EXPECT_THAT(ErrorOf({.rank = 0, .size = 2, .store = &store}),
              HasSubstr("rank 1 was started with another --backend (nccl)"));
  store.Set("ranks/1", "2\ngloo\n" + ThisHost() + "\n");
  store.Set("gloo/0/addresses/1", "short");
  EXPECT_THAT(ErrorOf({.rank = 0, .size = 2, .store = &store}),
              HasSubstr("rank 1 gives 5 bytes of addresses, not 400"));
}

TEST(GlooProcessesTest, LoopbackDoesNotReachAnotherHost) {
  MapStore store;
  store.Set("ranks/1", "2\ngloo\nanother_host\n");
  EXPECT_THAT(ErrorOf({.rank = 0, .size = 2, .store = &store}),
              AllOf(HasSubstr("rank 1 on host another_host"), HasSubstr("interface")));
}

TEST(GlooProcessesTest, AnInterfaceThatDoesNotExistIsNamed) {
  MapStore store;
  EXPECT_THAT(ErrorOf({.rank = 0, .size = 2, .store = &store, .interface = "nosuch0"}),
              AllOf(HasSubstr("rank 0: "), HasSubstr("interface nosuch0")));
}

}  // namespace
}  // namespace backends
