#include "analysis/data/validation.h"

#include <filesystem>
#include <sstream>
#include <string>

#include "analysis/plots/validation_plot.h"
#include "analysis/report.h"
#include "analysis/text/phrases.h"
#include "core/base/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace analysis {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

nlohmann::json Case(const std::string& strategy, int ranks, double measured, double predicted) {
  return {{"strategy", strategy},
          {"ranks", ranks},
          {"rate", "200mbit"},
          {"workload", "communication"},
          {"measured_step_seconds", measured},
          {"measured_spread", 0.021},
          {"predicted_step_seconds", predicted},
          {"measured_exposed_seconds", 0.1},
          {"predicted_exposed_seconds", 0.12},
          {"least_seconds", strategy == "all_reduce" && ranks == 8 ? 1.5 : 0.2},
          {"repeated", false},
          {"noisy", strategy == "ddp" && ranks > 2}};
}

// Errors of +1, -8, +2, 0, +4, -5 and +3 %: 23 % together, so 3.29 % in the mean.
nlohmann::json File() {
  return {{"mean_error", 0.0329},
          {"processor", "an abacus"},
          {"cores", 2},
          {"left_out", nlohmann::json::array()},
          {"cases",
           {Case("ddp", 2, 1, 1.01), Case("all_reduce", 4, 0.25, 0.23), Case("ddp", 4, 1, 1.02),
            Case("parameter_server", 2, 1, 1), Case("parameter_server", 3, 1, 1.04),
            Case("all_reduce", 8, 1, 0.95), Case("ddp", 8, 1, 1.03)}}};
}

class ValidationTest : public ::testing::Test {
 protected:
  ValidationTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/plots");
  }
  void Write(const nlohmann::json& file) {
    ASSERT_TRUE(core::WriteFile(folder_ + "/validation.json", file.dump()).ok());
  }
  std::string Printed(Language language = Language::kEnglish) {
    std::ostringstream printed;
    EXPECT_EQ(WriteReport(folder_, language, printed), absl::OkStatus());
    return printed.str();
  }
  std::string ErrorOf(const nlohmann::json& file) {
    Write(file);
    std::ostringstream printed;
    return std::string(WriteReport(folder_, Language::kEnglish, printed).message());
  }

  const std::string folder_ = ::testing::TempDir() + "/validation_test";
};

TEST_F(ValidationTest, TheReportQuotesMeanAndWorstErrorInOneLine) {
  Write(File());
  const std::string printed = Printed();
  EXPECT_THAT(printed, HasSubstr("7 cases: mean error of the step time 3.3 %, worst 8.0 %; noisy "
                                 "measurements: 2\nmeasured on: an abacus, 2 cores\n"));
  EXPECT_THAT(printed, Not(HasSubstr("plots")));  // None was there, and none is drawn.
  EXPECT_THAT(Printed(Language::kChinese),
              HasSubstr("7 个案例：每步时间的平均误差 3.3 %，最大 8.0 %"));
}

TEST_F(ValidationTest, TheFiveWorstCasesAreListedTheWorstFirst) {
  Write(File());
  const std::string printed = Printed();
  EXPECT_THAT(printed, ContainsRegex("all_reduce +4 +200mbit +communication +250.0 +2.1 +230.0 +"
                                     "-8.0 +100.0 +120.0\n"
                                     "all_reduce +8 .* 950.0 +-5.0 .* below what is possible\n"
                                     ".* \\+4.0 .*\n.* \\+3.0 .* noisy\nddp +4 .* \\+2.0 .*"
                                     "noisy\n\n"));
}

TEST_F(ValidationTest, TheCommitIsNamedIfTheFileSaysIt) {
  nlohmann::json file = File();
  file["commit"] = "0123456789ab-dirty";
  Write(file);
  EXPECT_THAT(Printed(), HasSubstr("2 cores\ncommit: 0123456789ab-dirty\n"));
}

TEST_F(ValidationTest, APictureIsDrawn) {
  Write(File());
  const auto validation = LoadValidation(folder_);
  ASSERT_TRUE(validation.ok());
  EXPECT_EQ(WriteValidationPlot(**validation, folder_ + "/plots"), absl::OkStatus());
  EXPECT_GT(std::filesystem::file_size(folder_ + "/plots/validation.png"), 1000u);
}

TEST_F(ValidationTest, ThePictureIsNamedIfItIsThere) {
  Write(File());
  ASSERT_TRUE(core::WriteFile(folder_ + "/plots/validation.png", "a picture").ok());
  EXPECT_THAT(Printed(), HasSubstr("picture: plots/validation.png\n"));
}

TEST_F(ValidationTest, AMalformedFileIsNamedWithTheKey) {
  nlohmann::json file = File();
  file["cases"][3]["measured_step_seconds"] = 0;
  EXPECT_THAT(ErrorOf(file),
              AllOf(HasSubstr("validation.json"), HasSubstr("cases[3].measured_step_seconds")));
  file["cases"] = nlohmann::json::array();
  EXPECT_THAT(ErrorOf(file), AllOf(HasSubstr("validation.json"), HasSubstr("cases")));
}

}  // namespace
}  // namespace analysis
