// The strategies keep replicas in step by different means and must train the same model.

#include <string>
#include <vector>

#include "core/records/results.h"
#include "core/strategies/strategies.h"
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

  // With so many ranks that train.
  core::Results Train(const core::StrategyEntry& strategy, int workers,
                      const std::vector<std::string>& more = {}) {
    const int ranks = workers + (*strategy.make({}))->servers();
    const std::string output = MakeFolder();
    std::vector<std::string> command = {"experiments/baseline_ddp",
                                        std::string("--strategy=") + strategy.name,
                                        "--nproc-per-node=" + std::to_string(ranks),
                                        "--data-dir=" + data_,
                                        "--output-dir=" + output,
                                        "--image-size=32",
                                        "--batch-size=4",
                                        "--epochs=2"};
    command.insert(command.end(), more.begin(), more.end());
    const Ended ended = RunCommand(command);
    EXPECT_EQ(ended.code, 0) << ended.errors;
    const auto results = core::ReadResults(output + "/" + strategy.results_file);
    EXPECT_TRUE(results.ok()) << results.status();
    return results.ok() ? *results : core::Results();
  }

  const std::string data_;
};

TEST_F(EqualityTest, TwoTrainingRanksGiveEveryLossOfARunToTheBit) {
  const core::Results first = Train(core::Strategies()[0], 2);
  ASSERT_EQ(first.all_losses.size(), 12u);
  EXPECT_FALSE(first.partial);
  EXPECT_NE(first.all_losses.front(), first.all_losses.back());
  for (const core::StrategyEntry& strategy : core::Strategies().subspan(1)) {
    SCOPED_TRACE(strategy.name);
    const core::Results other = Train(strategy, 2);
    EXPECT_EQ(first.all_losses, other.all_losses);
    ASSERT_EQ(other.epochs.size(), 2u);
    for (size_t epoch = 0; epoch < 2; ++epoch) {
      EXPECT_EQ(first.epochs[epoch].val_loss, other.epochs[epoch].val_loss);
      EXPECT_EQ(first.epochs[epoch].train_accuracy, other.epochs[epoch].train_accuracy);
    }
  }
}

TEST_F(EqualityTest, TheNumberOfLoadingThreadsChangesNothing) {
  const core::Results alone = Train(core::Strategies()[0], 2, {"--workers=0"});
  const core::Results beside = Train(core::Strategies()[0], 2, {"--workers=3"});
  EXPECT_EQ(alone.all_losses, beside.all_losses);
}

TEST_F(EqualityTest, WithMoreRanksTheFirstStepAgrees) {
  const core::Results first = Train(core::Strategies()[0], 3, {"--steps=1"});
  for (const core::StrategyEntry& strategy : core::Strategies().subspan(1)) {
    const core::Results other = Train(strategy, 3, {"--steps=1"});
    EXPECT_NEAR(first.all_losses.at(0), other.all_losses.at(0), 1e-6) << strategy.name;
  }
}

}  // namespace
}  // namespace experiments
