#include "backends/torch/model/learning_rate.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace backends {
namespace {

struct Case {
  std::string schedule;
  std::string golden;
};

class ScheduleTest : public testing::TestWithParam<Case> {};

TEST_P(ScheduleTest, FollowsPyTorchForNinetyEpochs) {
  std::ifstream stream("backends/torch/testdata/metrics.json");
  const nlohmann::json golden = nlohmann::json::parse(stream)["lr_by_epoch"];
  const Schedule schedule = ParseSchedule(GetParam().schedule).value();
  const std::vector<double> rates = golden[GetParam().golden];
  ASSERT_EQ(rates.size(), 90);
  for (int epoch = 0; epoch < 90; ++epoch) {
    EXPECT_NEAR(0.1 * schedule.Factor(epoch, 90), rates[epoch], 1e-7 * rates[epoch]) << epoch;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ScheduleTest,
                         testing::Values(Case{"step", "step_30_0.1"},
                                         Case{"warmup_step", "warmup5_step_30_60_80"},
                                         Case{"warmup_cosine", "warmup5_cosine"}),
                         [](const auto& info) { return info.param.schedule; });

TEST(ScheduleTest, ConstantIsConstant) {
  const Schedule schedule = ParseSchedule("constant").value();
  EXPECT_EQ(schedule.Factor(0, 3), 1);
  EXPECT_EQ(schedule.Factor(1000, 3), 1);
}

TEST(ScheduleTest, AnUnknownNameIsAnErrorThatListsTheKnownOnes) {
  const absl::Status status = ParseSchedule("linear").status();
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("\"linear\""));
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("warmup_cosine"));
}

}  // namespace
}  // namespace backends
