// What bad input gets: one line that says what is wrong and what to do, exit code 1.

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "experiments/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using ::testing::AllOf;
using testing::Ended;
using ::testing::HasSubstr;
using testing::MakeFolder;
using testing::RunCommand;

constexpr char kDdp[] = "experiments/baseline_ddp";
constexpr char kParameterServer[] = "experiments/parameter_server";

// Refused in one line, with nothing written.
void ExpectRefused(const std::vector<std::string>& arguments,
                   const ::testing::Matcher<const std::string&>& line) {
  const std::string output = MakeFolder();
  std::vector<std::string> command = arguments;
  if (arguments.size() < 2 || arguments[1] != "--output-dir=/proc/results") {
    command.push_back("--output-dir=" + output);
  }
  const Ended ended = RunCommand(command);
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(std::count(ended.errors.begin(), ended.errors.end(), '\n'), 1) << ended.errors;
  EXPECT_THAT(ended.errors, line);
  EXPECT_TRUE(std::filesystem::is_empty(output));
}

// A data set of empty files in these folders, which is enough to be listed.
std::string MakeFiles(const std::vector<std::string>& files) {
  const std::string folder = MakeFolder();
  for (const std::string& file : files) {
    const std::filesystem::path path = folder + "/" + file;
    std::filesystem::create_directories(path.parent_path());
    if (path.has_extension()) std::ofstream(path) << "x";
  }
  return folder;
}

TEST(BadInput, AnUnknownFlagGetsTheNearest) {
  ExpectRefused({kDdp, "--batchsize=3"}, HasSubstr("batch-size"));
}

TEST(BadInput, AnUnknownStrategyOrBackendGetsTheNearest) {
  ExpectRefused({kDdp, "--strategy=all-reduce"}, HasSubstr("all_reduce"));
  ExpectRefused({kDdp, "--backend=glo"}, AllOf(HasSubstr("glo"), HasSubstr("gloo")));
}

TEST(BadInput, AFlagThatTheStrategyDoesNotTakeIsNamedWithThoseThatDo) {
  ExpectRefused({kDdp, "--servers=2"}, AllOf(HasSubstr("--servers does not apply"),
                                             HasSubstr("ddp"), HasSubstr("parameter_server")));
  ExpectRefused({kParameterServer, "--bucket-mb=1"},
                AllOf(HasSubstr("--bucket-mb"), HasSubstr("parameter_server_overlapped")));
}

// Here there is either no GPU, or no use of one in this build.
TEST(BadInput, WithoutAGpuTheUserIsToldWhatIsMissingAndWhatWouldWork) {
  if (std::filesystem::exists("/dev/nvidiactl")) GTEST_SKIP() << "this machine has a GPU";
  ExpectRefused({kDdp, "--backend=nccl"}, AllOf(HasSubstr("--backend=nccl"), HasSubstr("CUDA"),
                                                HasSubstr("GPU"), HasSubstr("--backend=gloo")));
  ExpectRefused({kDdp, "--device=cuda"},
                AllOf(HasSubstr("--device=cuda"), HasSubstr("GPU"), HasSubstr("--device=cpu")));
}

TEST(BadInput, DevicesThatDoNotFitAreRefused) {
  ExpectRefused({kDdp, "--device=cdua"}, AllOf(HasSubstr("cdua"), HasSubstr("cuda")));
  ExpectRefused({kDdp, "--backend=nccl", "--device=cpu"},
                AllOf(HasSubstr("--device=cpu"), HasSubstr("gloo")));
  ExpectRefused({kDdp, "--cuda-graph"}, HasSubstr("--device=cuda"));
}

TEST(BadInput, NumbersOutOfRangeNameTheFlag) {
  ExpectRefused({kDdp, "--epochs=-1"}, HasSubstr("epochs=-1"));
  ExpectRefused({kDdp, "--timeout=0"}, HasSubstr("timeout"));
  ExpectRefused({kDdp, "--lr=nan"}, HasSubstr("--lr=nan: must be a number from 0 to"));
  ExpectRefused({kDdp, "--image-size=8"}, HasSubstr("image-size"));
  ExpectRefused({kDdp, "--batch-size=many"}, AllOf(HasSubstr("batch"), HasSubstr("many")));
}

TEST(BadInput, AParameterServerAloneIsRefused) {
  ExpectRefused({kParameterServer, "--nproc-per-node=1"},
                AllOf(HasSubstr("nproc-per-node"), HasSubstr("one rank to train")));
}

TEST(BadInput, AMissingFolderIsNamedWithTheLayout) {
  ExpectRefused({kDdp, "--data-dir=/nowhere/at/all"},
                AllOf(HasSubstr("/nowhere/at/all"), HasSubstr("train/")));
  const std::string only_train = MakeFiles({"train/a/1.jpg"});
  ExpectRefused({kDdp, "--data-dir=" + only_train}, AllOf(HasSubstr("val"), HasSubstr("CLASS")));
}

TEST(BadInput, ClassesThatDifferAreNamed) {
  const std::string data = MakeFiles({"train/cat/1.jpg", "train/dog/1.jpg", "val/cat/1.jpg"});
  ExpectRefused({kDdp, "--data-dir=" + data}, HasSubstr("dog"));
}

TEST(BadInput, AnEmptyClassIsNamed) {
  const std::string data = MakeFiles({"train/cat/1.jpg", "train/dog/", "val/cat/1.jpg"});
  ExpectRefused({kDdp, "--data-dir=" + data}, HasSubstr("dog"));
}

TEST(BadInput, ABatchLargerThanTheDataIsRefusedBeforeAnythingStarts) {
  const std::string data = MakeFiles({"train/cat/1.jpg", "train/cat/2.jpg", "val/cat/1.jpg"});
  ExpectRefused({kDdp, "--data-dir=" + data, "--batch-size=64"},
                AllOf(HasSubstr("batch-size"), HasSubstr("64")));
}

TEST(BadInput, AnOutputFolderThatCannotBeWrittenIsNamed) {
  ExpectRefused({kDdp, "--output-dir=/proc/results"}, HasSubstr("/proc/results"));
}

TEST(BadInput, AMissingWeightsFileIsNamed) {
  const Ended ended =
      RunCommand({kDdp, "--synthetic", "--weights=/nowhere/w.pth", "--steps=1", "--epochs=1",
                  "--nproc-per-node=1", "--output-dir=" + MakeFolder()});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.errors, HasSubstr("/nowhere/w.pth"));
}

TEST(BadInput, ARankWithoutAMeetingPlaceNamesTheVariable) {
  const Ended ended = RunCommand({kDdp, "--synthetic", "--output-dir=" + MakeFolder()},
                                 {{"RANK", "0"}, {"WORLD_SIZE", "2"}});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.errors, HasSubstr("MASTER_PORT"));
}

}  // namespace
}  // namespace experiments
