// A run that ends before its time, however it does, goes on with --resume to the same bits.

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/base/file.h"
#include "core/records/results.h"
#include "core/strategies/strategies.h"
#include "experiments/testing/command.h"
#include "experiments/training/interruption.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

namespace fs = std::filesystem;

using testing::Command;
using testing::Ended;
using ::testing::HasSubstr;
using testing::MakeFolder;
using testing::RunCommand;

std::string Bytes(const std::string& path) {
  const auto bytes = core::ReadFile(path, int64_t{1} << 30);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.ok() ? *bytes : "";
}

class ResumeTest : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    data() = MakeFolder() + "/data";
    const Ended made = RunCommand({"tools/make_dataset", "--out=" + data(), "--classes=2",
                                   "--images=12", "--val-images=3", "--width=64", "--height=48"});
    ASSERT_EQ(made.code, 0) << made.errors;
  }
  static std::string& data() {
    static std::string path;
    return path;
  }

  const core::StrategyEntry& strategy() const { return **core::StrategyNamed(GetParam()); }

  // Two ranks that train, two epochs of three steps.
  std::vector<std::string> Arguments(const std::string& output,
                                     std::vector<std::string> more = {}) const {
    const int ranks = 2 + (*strategy().make({}))->servers();
    std::vector<std::string> arguments = {"experiments/baseline_ddp",
                                          "--strategy=" + GetParam(),
                                          "--nproc-per-node=" + std::to_string(ranks),
                                          "--data-dir=" + data(),
                                          "--output-dir=" + output,
                                          "--image-size=32",
                                          "--batch-size=4",
                                          "--epochs=2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::string Weights(const std::string& output, const char* kind = "") const {
    return Bytes(output + "/weights_" + GetParam() + kind + ".safetensors");
  }

  core::Results Results(const std::string& output) const {
    const auto results = core::ReadResults(output + "/" + strategy().results_file);
    EXPECT_TRUE(results.ok()) << results.status();
    return results.ok() ? *results : core::Results();
  }

  // What a run that nothing happens to leaves; one for all tests of a strategy.
  std::string WholeRun() const {
    static auto& outputs = *new std::map<std::string, std::string>();
    std::string& output = outputs[GetParam()];
    if (!output.empty()) return output;
    output = MakeFolder();
    const Ended ended = RunCommand(Arguments(output));
    EXPECT_EQ(ended.code, 0) << ended.errors;
    return output;
  }

  void ExpectSameBits(const std::string& first, const std::string& second) const {
    const core::Results one = Results(first), other = Results(second);
    EXPECT_FALSE(other.partial);
    EXPECT_EQ(one.all_losses.size(), 6u);
    EXPECT_EQ(one.all_losses, other.all_losses);
    ASSERT_EQ(one.epochs.size(), other.epochs.size());
    for (size_t epoch = 0; epoch < one.epochs.size(); ++epoch) {
      EXPECT_EQ(one.epochs[epoch].val_loss, other.epochs[epoch].val_loss);
      EXPECT_EQ(one.epochs[epoch].val_accuracy, other.epochs[epoch].val_accuracy);
      EXPECT_EQ(one.epochs[epoch].train_accuracy, other.epochs[epoch].train_accuracy);
    }
    EXPECT_EQ(other.step_times.size(), 6u);
    EXPECT_EQ(Weights(first), Weights(second));
    EXPECT_EQ(Weights(first, "_best"), Weights(second, "_best"));
  }

  // Until all ranks have a checkpoint there.
  void AwaitCheckpoint(const std::string& output, const std::string& position) const {
    const fs::path folder = fs::path(output) / "checkpoints" / GetParam() / position;
    const int ranks = 2 + (*strategy().make({}))->servers();
    for (int i = 0; i < 6000; ++i) {
      int files = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        files += fs::exists(folder / ("rank-" + std::to_string(rank) + ".safetensors"));
      }
      if (files == ranks) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL() << "no checkpoint in " << folder;
  }
};

TEST_P(ResumeTest, AfterADeathInTheMiddleOfAnEpoch) {
  const std::string output = MakeFolder();
  {
    Command command(Arguments(output, {"--checkpoint-every=4"}));
    AwaitCheckpoint(output, "epoch-1-step-1");
    kill(command.Children().back(), SIGKILL);
    EXPECT_EQ(command.Wait().code, 1);
  }
  const Ended ended = RunCommand(Arguments(output, {"--checkpoint-every=4", "--resume"}));
  EXPECT_EQ(ended.code, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("resumed after 1 epochs and"));
  ExpectSameBits(WholeRun(), output);
}

INSTANTIATE_TEST_SUITE_P(Strategies, ResumeTest, ::testing::ValuesIn(core::StrategyNames()),
                         [](const auto& info) { return info.param; });

class ResumeDdpTest : public ResumeTest {};
INSTANTIATE_TEST_SUITE_P(Ddp, ResumeDdpTest, ::testing::Values("ddp"));

TEST_P(ResumeDdpTest, AfterASignalThatAsksToStop) {
  const std::string output = MakeFolder();
  {
    Command command(Arguments(output, {"--checkpoint-every=1"}));
    AwaitCheckpoint(output, "epoch-0-step-2");
    kill(command.process(), SIGUSR1);
    const Ended ended = command.Wait();
    EXPECT_EQ(ended.code, kStoppedCode) << ended.errors;
    EXPECT_THAT(ended.output, HasSubstr("--resume goes on"));
  }
  const Ended ended = RunCommand(Arguments(output, {"--resume"}));
  EXPECT_EQ(ended.code, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("resumed after"));
  ExpectSameBits(WholeRun(), output);
}

TEST_P(ResumeDdpTest, TheLauncherStartsFailedRanksAgain) {
  const std::string output = MakeFolder();
  Command command(Arguments(output, {"--checkpoint-every=2", "--max-restarts=1"}));
  AwaitCheckpoint(output, "epoch-0-step-2");
  kill(command.Children().front(), SIGKILL);
  const Ended ended = command.Wait();
  EXPECT_EQ(ended.code, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("start again (1 of 1)"));
  EXPECT_THAT(ended.output, HasSubstr("resumed after"));
  ExpectSameBits(WholeRun(), output);
}

TEST_P(ResumeDdpTest, ADamagedCheckpointIsPassedOverForTheOneBefore) {
  const std::string output = MakeFolder();
  {
    Command command(Arguments(output, {"--checkpoint-every=1"}));
    AwaitCheckpoint(output, "epoch-0-step-2");
    kill(command.process(), SIGTERM);
    EXPECT_EQ(command.Wait().code, kStoppedCode);
  }
  std::vector<std::string> positions;
  for (const auto& entry : fs::directory_iterator(output + "/checkpoints/ddp")) {
    positions.push_back(entry.path().string());
  }
  ASSERT_GE(positions.size(), 2u);
  std::sort(positions.begin(), positions.end());
  const std::string path = positions.back() + "/rank-1.safetensors";
  std::string bytes = Bytes(path);
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(core::WriteFile(path, bytes).ok());
  const Ended ended = RunCommand(Arguments(output, {"--resume"}));
  EXPECT_EQ(ended.code, 0) << ended.errors;
  EXPECT_THAT(ended.errors, HasSubstr(path + " is damaged: its checksum"));
  EXPECT_THAT(ended.output, HasSubstr("resumed after"));
  ExpectSameBits(WholeRun(), output);
}

TEST_P(ResumeDdpTest, AnotherRunIsRefusedWithWhatDiffersUnlessToldToGoOnAnyway) {
  const std::string output = MakeFolder();
  ASSERT_EQ(RunCommand(Arguments(output, {"--epochs=1"})).code, 0);
  const Ended refused = RunCommand(Arguments(output, {"--resume", "--batch-size=3", "--lr=0.02"}));
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.errors, HasSubstr("batch_size: 3 here, 4 there; lr: 0.02 here, 0.01 there"));
  EXPECT_THAT(refused.errors, HasSubstr("--resume-anyway"));

  const Ended anyway =
      RunCommand(Arguments(output, {"--resume-anyway", "--batch-size=3", "--nproc-per-node=3"}));
  EXPECT_EQ(anyway.code, 0) << anyway.errors;
  EXPECT_THAT(anyway.errors, HasSubstr("losses will differ"));
  EXPECT_EQ(Results(output).epochs.size(), 2u);
}

TEST_P(ResumeDdpTest, TheSameCommandStartsGoesOnAndHasNothingLeftToDo) {
  const std::string output = MakeFolder();
  for (const char* what : {"from the start", "resumed after 2 epochs"}) {
    const Ended ended = RunCommand(Arguments(output, {"--resume"}));
    EXPECT_EQ(ended.code, 0) << ended.errors;
    EXPECT_THAT(ended.output, HasSubstr(what));
    EXPECT_FALSE(Results(output).partial);
    EXPECT_EQ(Results(output).all_losses.size(), 6u);
  }
}

TEST_P(ResumeDdpTest, OneRunAtATimeWritesToAFolderAndEarlierResultsAreKept) {
  const std::string output = MakeFolder() + "/out";
  ASSERT_EQ(RunCommand(Arguments(output, {"--epochs=1"})).code, 0);
  Command command(Arguments(output, {"--checkpoint-every=2"}));
  AwaitCheckpoint(output, "epoch-0-step-2");
  const Ended refused = RunCommand(Arguments(output));
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.errors, HasSubstr("another run of ddp writes there"));
  EXPECT_EQ(command.Wait().code, 0);
  EXPECT_EQ(Results(output + ".1").epochs.size(), 1u);
  EXPECT_EQ(Results(output).epochs.size(), 2u);
  EXPECT_FALSE(Weights(output + ".1").empty());
}

}  // namespace
}  // namespace experiments
