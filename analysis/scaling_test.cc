#include "analysis/data/scaling.h"

#include <filesystem>
#include <sstream>
#include <string>

#include "analysis/report.h"
#include "analysis/text/phrases.h"
#include "analysis/text/scaling_text.h"
#include "core/base/error.h"
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

// A worker alone computes 100 images in 1 s; the model has 125 MB: a second at 1 Gbit/s.
constexpr double kBatch = 100;

constexpr Say kEnglish(Language::kEnglish);

nlohmann::json Row(const std::string& variant, double workers, double step, double share = 0) {
  const int servers = variant == "parameter_server, 1 server" ? 1 : 0;
  return {{"profile", 0},
          {"variant", variant},
          {"gigabits_per_second", 10},
          {"straggler_share", share},
          {"strategy", variant},
          {"method", workers > 1000 ? "closed form" : "messages"},
          {"workers", workers},
          {"servers", servers},
          {"step_seconds", step},
          {"compute_seconds", 1.0},
          {"load_seconds", 0},
          {"communication_seconds", step - 1},
          {"exposed_seconds", step - 1},
          {"hidden_seconds", 0},
          {"pull_seconds", servers * (step - 1) / 2},
          {"push_seconds", servers * (step - 1) / 2},
          {"images_per_second", workers * kBatch / step},
          {"efficiency", 1 / step}};
}

// One server at 10 Gbit/s: 0.2 s a worker; all-reduce: 3 s, whatever the number of workers.
nlohmann::json Study() {
  nlohmann::json study = {{"straggler_share", 0.01},
                          {"straggler_factor", 2},
                          {"wall_seconds", 1},
                          {"profiles",
                           {{{"model", "paper"},
                             {"hardware", "pencil"},
                             {"source", "derived"},
                             {"batch_size", kBatch},
                             {"gradient_bytes", 125e6},
                             {"pass_seconds", 1.0},
                             {"update_seconds", 0.0},
                             {"accumulate_bytes_per_second", 1e9}}}}};
  for (double workers : {1024, 1, 4, 16, 64, 65536}) {
    study["rows"].push_back(Row("parameter_server, 1 server", workers, 1 + 0.2 * workers));
    study["rows"].push_back(Row("ddp", workers, 3));
    study["rows"].push_back(Row("ddp", workers, 3.3, 0.01));
  }
  return study;
}

class ScalingTest : public ::testing::Test {
 protected:
  ScalingTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void Write(const nlohmann::json& study) {
    ASSERT_TRUE(core::WriteFile(folder_ + "/ps_scaling.json", study.dump()).ok());
  }
  ScalingStudy Read() { return ReadScalingStudy(folder_ + "/ps_scaling.json"); }

  const std::string folder_ = ::testing::TempDir() + "/scaling_test";
};

TEST_F(ScalingTest, AServerFeedsAsManyWorkersAsItsSaturatedThroughputIsWorth) {
  Write(Study());
  const ScalingStudy study = Read();
  const ScalingCurve* curve = study.Find({0, "parameter_server, 1 server", 10, false});
  ASSERT_NE(curve, nullptr);
  EXPECT_NEAR(KneeOf(study, *curve), 5, 1e-3);
  EXPECT_DOUBLE_EQ(KneeOfLinks(study.profiles[0], 10, 1), 5);
  EXPECT_DOUBLE_EQ(KneeOfLinks(study.profiles[0], 10, 4), 20);
}

TEST_F(ScalingTest, SaysWhereOneCurveIsAboveAnother) {
  Write(Study());
  const ScalingStudy study = Read();
  const ScalingCurve& server = *study.Find({0, "parameter_server, 1 server", 10, false});
  const ScalingCurve& ddp = *study.Find({0, "ddp", 10, false});
  const ScalingCurve& slow = *study.Find({0, "ddp", 10, true});
  EXPECT_EQ(WhereFaster(server, ddp, kEnglish), "at 4");
  EXPECT_EQ(WhereFaster(ddp, server, kEnglish), "from 16");
  EXPECT_EQ(WhereFaster(ddp, slow, kEnglish), "always");
  EXPECT_EQ(WhereFaster(slow, ddp, kEnglish), "never");
}

TEST_F(ScalingTest, TheTextHoldsTheFigures) {
  Write(Study());
  const std::string text = ScalingSection(Read(), kEnglish);
  EXPECT_THAT(text, HasSubstr("10 Gbit/s                          5           5"));
  EXPECT_THAT(text, HasSubstr("0.00763*"));  // 1 / (1 + 0.2 · 65,536).
}

// A double tree of 1.5 s a step: faster than the server from 4 workers on, though a ring is not.
TEST_F(ScalingTest, ServersAreComparedWithEachKindOfAllReduceThereIs) {
  nlohmann::json study = Study();
  Write(study);
  EXPECT_THAT(ScalingSection(Read(), kEnglish), Not(HasSubstr("double tree")));
  for (double workers : {1, 4, 16}) study["rows"].push_back(Row("ddp, double tree", workers, 1.5));
  Write(study);
  const std::string text = ScalingSection(Read(), kEnglish);
  EXPECT_THAT(text, ContainsRegex("as fast as ddp +10 Gbit/s\n +workers\n.*server +at 4\n"));
  EXPECT_THAT(
      text, ContainsRegex("as fast as ddp, double tree +10 Gbit/s\n +workers\n.*server +never\n"));
}

TEST_F(ScalingTest, AMarkSaysHowAFigureWasComeBy) {
  nlohmann::json study = Study();
  for (nlohmann::json& row : study["rows"]) {
    if (row["variant"] == "ddp" && row["workers"] == 65536) row["method"] = "formula";
  }
  Write(study);
  const std::string text = ScalingSection(Read(), kEnglish);
  EXPECT_THAT(text, ContainsRegex("server +83.3  .* 0.00763\\*\n"));  // 1 / (1 + 0.2), by messages.
  EXPECT_THAT(text, ContainsRegex("ddp +33.3  .* 33.3\\+\n"));
  EXPECT_THAT(text, HasSubstr("1024 workers, 1 % of which compute 2 times as long:"));
  EXPECT_THAT(text, HasSubstr("65536 workers, 1 % of which compute 2 times as long:"));
  EXPECT_THAT(text, ContainsRegex("ddp +1.10\\*\n"));
  EXPECT_THAT(text, ContainsRegex("ddp +1.10\\+\n"));
  EXPECT_THAT(text, Not(HasSubstr("server  - ")));  // Nothing is known of it with stragglers.
}

TEST_F(ScalingTest, SpeaksTheReportsLanguage) {
  Write(Study());
  std::ostringstream printed;
  ASSERT_EQ(WriteReport(folder_, Language::kChinese, printed), absl::OkStatus());
  EXPECT_THAT(printed.str(), AllOf(HasSubstr("扩展性（模拟）"), HasSubstr("仅 4"),
                                   HasSubstr("单个工作进程：100.0 图像/秒"),
                                   HasSubstr("1024 个工作进程，其中 1 % 的计算时间为 2 倍：")));
  EXPECT_THAT(printed.str(), AllOf(Not(HasSubstr("workers")), Not(HasSubstr("efficiency"))));
}

TEST_F(ScalingTest, AStudyAloneIsReportedAndDrawn) {
  Write(Study());
  std::ostringstream printed;
  ASSERT_EQ(WriteReport(folder_, Language::kEnglish, printed), absl::OkStatus());
  EXPECT_THAT(printed.str(), AllOf(HasSubstr("(simulated)"), HasSubstr("at 4")));
  for (const char* picture : {"throughput", "efficiency", "breakdown", "knee"}) {
    const std::string path = folder_ + "/plots/ps_scaling_" + picture + ".png";
    EXPECT_GT(std::filesystem::file_size(path), 10'000u) << path;
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/performance_report.txt"));
}

TEST_F(ScalingTest, AStudyOfOneStrategyIsDrawn) {
  nlohmann::json study = Study();
  study["rows"] = {Row("another", 4, 2)};
  Write(study);
  std::ostringstream printed;
  EXPECT_EQ(WriteScalingReport(folder_, printed), absl::OkStatus());
}

TEST_F(ScalingTest, AMalformedStudyIsNamedWithTheKey) {
  nlohmann::json study = Study();
  study["rows"][3]["workers"] = "many";
  Write(study);
  EXPECT_THAT(std::string(LoadScalingStudy(folder_).status().message()),
              AllOf(HasSubstr("ps_scaling.json"), HasSubstr("rows[3].workers")));
  study = Study();
  study["rows"][0]["profile"] = 1;
  Write(study);
  EXPECT_THROW(Read(), core::Error);
}

}  // namespace
}  // namespace analysis
