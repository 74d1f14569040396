// The strategies keep replicas in step by different means and must train the same model.

#include <string>
#include <vector>

#include "core/records/results.h"
#include "experiments/testing/command.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using testing::Ended;
using testing::MakeFolder;
using testing::RunCommand;

class EqualityTest : public ::testing::Test {
 protected:
  // One small image folder for all runs of a test.
  EqualityTest() : data_(MakeFolder() + "/data") {
    const Ended made = RunCommand({"tools/make_dataset", "--out=" + data_, "--classes=2",
                                   "--images=24", "--val-images=5", "--width=96", "--height=80"});
    EXPECT_EQ(made.code, 0) << made.errors;
  }

  core::Results Train(const std::string& strategy, int ranks, const std::string& file,
                      const std::vector<std::string>& more = {}) {
    const std::string output = MakeFolder();
    std::vector<std::string> command = {"experiments/baseline_ddp",
                                        "--strategy=" + strategy,
                                        "--nproc-per-node=" + std::to_string(ranks),
                                        "--data-dir=" + data_,
                                        "--output-dir=" + output,
                                        "--image-size=32",
                                        "--batch-size=4",
                                        "--epochs=2"};
    command.insert(command.end(), more.begin(), more.end());
    const Ended ended = RunCommand(command);
    EXPECT_EQ(ended.code, 0) << ended.errors;
    const auto results = core::ReadResults(output + "/" + file);
    EXPECT_TRUE(results.ok()) << results.status();
    return results.ok() ? *results : core::Results();
  }

  const std::string data_;
};

TEST_F(EqualityTest, TwoTrainingRanksGiveEveryLossOfARunToTheBit) {
  const core::Results ddp = Train("ddp", 2, "results_baseline_ddp.json");
  const core::Results all_reduce = Train("all_reduce", 2, "results_all_reduce.json");
  const core::Results server = Train("parameter_server", 3, "results_ps.json");
  ASSERT_EQ(ddp.all_losses.size(), 12u);
  EXPECT_EQ(ddp.all_losses, all_reduce.all_losses);
  EXPECT_EQ(ddp.all_losses, server.all_losses);
  for (size_t epoch = 0; epoch < 2; ++epoch) {
    EXPECT_EQ(ddp.epochs[epoch].val_loss, all_reduce.epochs[epoch].val_loss);
    EXPECT_EQ(ddp.epochs[epoch].val_loss, server.epochs[epoch].val_loss);
    EXPECT_EQ(ddp.epochs[epoch].train_accuracy, server.epochs[epoch].train_accuracy);
  }
  EXPECT_FALSE(ddp.partial);
  EXPECT_NE(ddp.all_losses.front(), ddp.all_losses.back());
}

TEST_F(EqualityTest, TheNumberOfLoadingThreadsChangesNothing) {
  const core::Results alone = Train("ddp", 2, "results_baseline_ddp.json", {"--workers=0"});
  const core::Results beside = Train("ddp", 2, "results_baseline_ddp.json", {"--workers=3"});
  EXPECT_EQ(alone.all_losses, beside.all_losses);
}

TEST_F(EqualityTest, WithMoreRanksTheFirstStepAgrees) {
  const core::Results ddp = Train("ddp", 3, "results_baseline_ddp.json", {"--steps=1"});
  const core::Results server = Train("parameter_server", 4, "results_ps.json", {"--steps=1"});
  EXPECT_NEAR(ddp.all_losses.at(0), server.all_losses.at(0), 1e-6);
}

}  // namespace
}  // namespace experiments
