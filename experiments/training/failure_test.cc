// A rank that is lost ends all others within seconds, with a line that names it; nothing stays
// behind.

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

#include "core/records/results.h"
#include "core/strategies/strategies.h"
#include "experiments/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using testing::Command;
using testing::Ended;
using ::testing::HasSubstr;
using testing::MakeFolder;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLimit(10);

std::vector<std::string> EndlessRun(const std::string& strategy, const std::string& output) {
  return {"experiments/baseline_ddp", "--strategy=" + strategy, "--nproc-per-node=4", "--synthetic",
          "--image-size=32",          "--batch-size=1",         "--epochs=1000000",   "--steps=2",
          "--output-dir=" + output};
}

// Epochs go by: the ranks are in the midst of steps.
void AwaitEpochs(const Command& command, int epochs) {
  const std::string last = "epoch " + std::to_string(epochs) + "/";
  for (int i = 0; i < 6000 && command.Output().find(last) == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_THAT(command.Output(), HasSubstr(last));
}

class FailureTest : public ::testing::TestWithParam<std::string> {};

TEST_P(FailureTest, KillingAnyRankEndsTheOthersAndNamesIt) {
  for (int rank = 0; rank < 4; ++rank) {
    SCOPED_TRACE("rank " + std::to_string(rank));
    Command command(EndlessRun(GetParam(), MakeFolder()));
    AwaitEpochs(command, 2);
    const std::vector<pid_t> ranks = command.Children();
    ASSERT_EQ(ranks.size(), 4u);
    kill(ranks[rank], SIGKILL);
    const Ended ended = command.Wait(kLimit);
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.errors,
                HasSubstr("rank " + std::to_string(rank) + " was killed by signal 9"));
    for (pid_t process : ranks) EXPECT_NE(kill(process, 0), 0) << process << " is left behind";
  }
}

INSTANTIATE_TEST_SUITE_P(Strategies, FailureTest, ::testing::ValuesIn(core::StrategyNames()),
                         [](const auto& info) { return info.param; });

TEST(Failure, EveryRankThatOthersStartedNamesTheOneThatDied) {
  std::vector<std::unique_ptr<Command>> ranks;
  const std::string output = MakeFolder();
  for (int rank = 0; rank < 4; ++rank) {
    ranks.push_back(std::make_unique<Command>(
        EndlessRun("ddp", output), std::map<std::string, std::string>{
                                       {"RANK", std::to_string(rank)},
                                       {"WORLD_SIZE", "4"},
                                       {"LOCAL_WORLD_SIZE", "4"},
                                       {"MASTER_ADDR", "127.0.0.1"},
                                       {"MASTER_PORT", std::to_string(20000 + getpid() % 9000)}}));
  }
  AwaitEpochs(*ranks[0], 2);
  kill(ranks[2]->process(), SIGKILL);
  for (int rank : {0, 1, 3}) {
    const Ended ended = ranks[rank]->Wait(kLimit);
    EXPECT_EQ(ended.code, 1) << "rank " << rank;
    EXPECT_THAT(ended.errors, HasSubstr("rank 2")) << "rank " << rank;
  }
}

// One host's file is bad; nobody's launcher looks after the others.
TEST(Failure, ARankThatFailsBeforeItMeetsTheOthersTellsThemWhy) {
  for (int failing : {0, 2}) {
    SCOPED_TRACE("rank " + std::to_string(failing));
    std::vector<std::unique_ptr<Command>> ranks;
    const std::string output = MakeFolder();
    const auto start = [&](int rank) {
      std::vector<std::string> arguments = EndlessRun("ddp", output);
      if (rank == failing) arguments.push_back("--weights=/nosuch.pth");
      ranks.push_back(std::make_unique<Command>(
          arguments, std::map<std::string, std::string>{
                         {"RANK", std::to_string(rank)},
                         {"WORLD_SIZE", "3"},
                         {"MASTER_ADDR", "127.0.0.1"},
                         {"MASTER_PORT", std::to_string(20000 + (getpid() + failing) % 9000)}}));
    };
    for (int rank = 0; rank < 3; ++rank) start(rank);
    for (int rank = 0; rank < 3; ++rank) {
      const Ended ended = ranks[rank]->Wait(kLimit);
      EXPECT_EQ(ended.code, 1) << "rank " << rank;
      const auto told = AllOf(HasSubstr("/nosuch.pth"),
                              HasSubstr("rank " + std::to_string(failing) + " had given up"));
      if (rank == failing) {
        EXPECT_THAT(ended.errors, HasSubstr("/nosuch.pth"));
      } else if (rank == 0) {
        EXPECT_THAT(ended.errors, told);
      } else {  // If it comes to where it looks only when rank 0, which serves, has ended.
        EXPECT_THAT(ended.errors, AnyOf(told, HasSubstr("lost the rendezvous"))) << rank;
      }
    }
  }
}

TEST(Failure, ARankThatStallsEndsTheOthersAfterTheTimeout) {
  std::vector<std::string> arguments = EndlessRun("all_reduce", MakeFolder());
  arguments.push_back("--timeout=2");
  Command command(arguments);
  AwaitEpochs(command, 2);
  const std::vector<pid_t> ranks = command.Children();
  kill(ranks[1], SIGSTOP);
  const Ended ended = command.Wait(std::chrono::seconds(2) + kLimit);
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.errors, HasSubstr("rank 1"));
}

TEST(Failure, AnInterruptedRunLeavesAPartialResult) {
  const std::string output = MakeFolder();
  std::vector<std::string> arguments = EndlessRun("ddp", output);
  arguments.push_back("--checkpoint-every=0");  // Else it stops with a checkpoint.
  Command command(arguments);
  AwaitEpochs(command, 2);
  kill(command.process(), SIGINT);
  const Ended ended = command.Wait(kLimit);
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.errors, HasSubstr("signal 2"));
  const auto results = core::ReadResults(output + "/results_baseline_ddp.json");
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_TRUE(results->partial);
  EXPECT_GE(results->epochs.size(), 2u);
  EXPECT_EQ(results->all_losses.size(), 2 * results->epochs.size());
}

}  // namespace
}  // namespace experiments
