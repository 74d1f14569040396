#include "experiments/training/launcher.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include "gtest/gtest.h"

namespace experiments {
namespace {

LaunchOutcome Launch(int ranks, const std::function<int(int)>& body) {
  constexpr std::chrono::milliseconds kGrace(200);
  return LaunchRanks(ranks, body, {.grace = kGrace, .stopping = kGrace});
}

// Seen by all ranks, as they are processes.
struct Shared {
  std::atomic<int> ran[8];
  std::atomic<pid_t> process[8];
};

class LauncherTest : public ::testing::Test {
 protected:
  LauncherTest()
      : shared_(*new (mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Shared{}) {}
  ~LauncherTest() override { munmap(&shared_, sizeof(Shared)); }

  void ExpectNobodyLeft() {
    for (const std::atomic<pid_t>& process : shared_.process) {
      if (process == 0) continue;
      EXPECT_EQ(kill(process, 0), -1) << "process " << process;
    }
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  }
  int Sleep(int rank) {
    shared_.process[rank] = getpid();
    while (true) pause();
  }

  Shared& shared_;
};

TEST_F(LauncherTest, RunsEveryRankOnce) {
  const LaunchOutcome outcome = Launch(5, [&](int rank) { return !++shared_.ran[rank]; });
  EXPECT_FALSE(outcome.first_failure);
  EXPECT_FALSE(outcome.signal);
  for (int rank = 0; rank < 5; ++rank) EXPECT_EQ(shared_.ran[rank], 1);
  ExpectNobodyLeft();
}

TEST_F(LauncherTest, NamesTheRankThatFailedAndEndsTheOthers) {
  const LaunchOutcome outcome = Launch(4, [&](int rank) { return rank == 2 ? 7 : Sleep(rank); });
  ASSERT_TRUE(outcome.first_failure);
  EXPECT_EQ(outcome.first_failure->rank, 2);
  EXPECT_EQ(outcome.first_failure->cause, "exited with code 7");
  ExpectNobodyLeft();
}

TEST_F(LauncherTest, SaysWhichSignalKilledARank) {
  const LaunchOutcome outcome =
      Launch(3, [&](int rank) { return rank == 0 ? raise(SIGKILL) : Sleep(rank); });
  ASSERT_TRUE(outcome.first_failure);
  EXPECT_EQ(outcome.first_failure->rank, 0);
  EXPECT_EQ(outcome.first_failure->cause, "was killed by signal 9 (Killed)");
  ExpectNobodyLeft();
}

TEST_F(LauncherTest, KillsRanksThatWillNotListen) {
  const LaunchOutcome outcome = Launch(2, [&](int rank) {
    if (rank == 0) return 1;
    signal(SIGTERM, SIG_IGN);
    return Sleep(rank);
  });
  EXPECT_EQ(outcome.first_failure->rank, 0);
  ExpectNobodyLeft();
}

TEST_F(LauncherTest, PassesASignalOn) {
  const pid_t parent = getpid();
  const LaunchOutcome outcome = Launch(3, [&](int rank) {
    if (rank == 0) kill(parent, SIGINT);
    return Sleep(rank);
  });
  ASSERT_TRUE(outcome.signal);
  EXPECT_EQ(*outcome.signal, SIGINT);
  ExpectNobodyLeft();
}

TEST_F(LauncherTest, LeavesNoRankBehindWhenItIsKilled) {
  const pid_t launcher = fork();
  if (launcher == 0) {
    Launch(3, [&](int rank) { return Sleep(rank); });
    _exit(0);
  }
  for (int rank = 0; rank < 3; ++rank) {
    while (shared_.process[rank] == 0) std::this_thread::yield();
  }
  kill(launcher, SIGKILL);
  waitpid(launcher, nullptr, 0);
  // Orphans are reaped by init, so only that they end can be seen, not when.
  for (int rank = 0; rank < 3; ++rank) {
    while (kill(shared_.process[rank], 0) == 0) {
      char state = 'Z';
      const std::string path = "/proc/" + std::to_string(shared_.process[rank]) + "/stat";
      if (FILE* file = fopen(path.c_str(), "r")) {
        if (fscanf(file, "%*d %*s %c", &state) != 1) state = 'Z';
        fclose(file);
      }
      if (state == 'Z') break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

}  // namespace
}  // namespace experiments
