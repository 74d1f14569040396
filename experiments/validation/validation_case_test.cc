#include "experiments/validation/validation_case.h"

#include "gtest/gtest.h"

namespace experiments {
namespace {

core::Profile FourLayers() {
  return {.model = "four layers",
          .batch_size = 1,
          .parameters = 1000,
          .forward = 1,
          .pass = 4,
          .gradients = {{.parameter = 3, .elements = 400, .ready = 2},
                        {.parameter = 2, .elements = 300, .ready = 2.5},
                        {.parameter = 1, .elements = 200, .ready = 3},
                        {.parameter = 0, .elements = 100, .ready = 4}}};
}

TEST(ValidationCaseTest, AShrunkProfileKeepsProportions) {
  const core::Profile shrunk = Shrink(FourLayers(), 10, 2, 0.4);
  ASSERT_EQ(shrunk.gradients.size(), 2u);
  EXPECT_EQ(shrunk.parameters, 100);
  EXPECT_EQ(shrunk.gradients[0].parameter, 1);
  EXPECT_EQ(shrunk.gradients[0].elements, 70);
  // The later of the two that it joins.
  EXPECT_DOUBLE_EQ(shrunk.gradients[0].ready, 0.25);
  EXPECT_DOUBLE_EQ(shrunk.gradients[1].ready, 0.4);
  EXPECT_DOUBLE_EQ(shrunk.forward, 0.1);
  EXPECT_EQ(shrunk.source.rfind("derived", 0), 0u);
}

ValidationCase CaseOf(const std::string& strategy, int ranks, const Workload& workload) {
  return {.strategy = strategy,
          .ranks = ranks,
          .rate = "1gbit",
          .bytes_per_second = BytesPerSecond("1gbit"),
          .workload = &workload};
}

TEST(ValidationCaseTest, NoStepIsShorterThanItsPassOrItsBytes) {
  Workload workload{"four", FourLayers(), ""};
  workload.profile.parameters = 25'000'000;  // 0.1 GB.
  const Calibration calibration{.burst = {.value = 1e6}};
  workload.profile.pass = 0.01;
  EXPECT_DOUBLE_EQ(LeastSeconds(CaseOf("parameter_server", 4, workload), calibration),
                   (3 * 100e6 - 1e6) / 125e6);
  ValidationCase sharded = CaseOf("parameter_server", 5, workload);
  sharded.options.server.servers = 2;
  EXPECT_DOUBLE_EQ(LeastSeconds(sharded, calibration), (1.5 * 100e6 - 1e6) / 125e6);
  EXPECT_DOUBLE_EQ(LeastSeconds(CaseOf("ddp", 4, workload), calibration),
                   (1.5 * 100e6 - 1e6) / 125e6);
  workload.profile.pass = 9;
  EXPECT_DOUBLE_EQ(LeastSeconds(CaseOf("ddp", 4, workload), calibration), 9);
}

TEST(ValidationCaseTest, CoresCarryHalfOfTheirTime) {
  const Workload workload{"four", FourLayers(), ""};
  // A link keeps a quarter of a core busy.
  const Calibration calibration{.bandwidth = {.value = 125e6}, .processor_per_byte = 2e-9};
  EXPECT_TRUE(CoresCarry(CaseOf("ddp", 4, workload), calibration, 2));
  EXPECT_FALSE(CoresCarry(CaseOf("ddp", 5, workload), calibration, 2));
  // Only the server's link is busy all the time.
  EXPECT_TRUE(CoresCarry(CaseOf("parameter_server", 8, workload), calibration, 2));
}

}  // namespace
}  // namespace experiments
