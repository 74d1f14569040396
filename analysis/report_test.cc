// Compares reports with golden files. To write these anew:
//     REWRITE_GOLDEN=1 tools/bazel run //analysis:report_test
#include "analysis/report.h"

#include <png.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/records/results.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace analysis {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint32_t kBlue = 0x0072b2;
constexpr uint32_t kOrange = 0xd55e00;
constexpr uint32_t kGreen = 0x009e73;
constexpr uint32_t kPurple = 0xcc79a7;
const char* const kPictures[] = {"throughput_comparison.png", "training_time_comparison.png",
                                 "loss_curves.png", "accuracy_curves.png",
                                 "communication_overhead.png"};

core::Results OurRun(const std::string& strategy, double step, double communication,
                     double exposed) {
  core::Results results;
  results.method = "Lockstep " + strategy;
  results.strategy = strategy;
  results.world_size = 4;
  results.batch_size = 16;
  results.start_time = "2024-05-01 12:34:56";
  results.end_time = "2024-05-01 12:36:00";
  for (int i = 1; i <= 3; ++i) {
    core::EpochResult epoch = {.epoch = i,
                               .train_loss = 3.0 / i,
                               .train_accuracy = 25.0 * i,
                               .train_time = 10 * step,
                               .train_throughput = 64 / step,
                               .avg_batch_time = step};
    epoch.avg_comm_time = communication;
    epoch.val_loss = 3.5 / i;
    epoch.val_accuracy = 20.0 * i;
    epoch.breakdown = {.total = core::Duration(step),
                       .load = core::Duration(0.02),
                       .computation = core::Duration(step - exposed - 0.02),
                       .communication = core::Duration(communication),
                       .exposed = core::Duration(exposed),
                       .hidden = core::Duration(communication - exposed),
                       .waiting = core::Duration(0.01)};
    results.epochs.push_back(epoch);
    for (int j = 0; j < 10; ++j) results.all_losses.push_back(3.0 / (i + 0.1 * j));
  }
  results.configuration = {{"backend", "gloo"}, {"flags", "--epochs=3 --data-dir=图像"}};
  results.step_times = {2.1 * step, 0.95 * step, 0.99 * step, 0.97 * step};
  results.startup_seconds = 0.4375;
  results.peak_memory_bytes = {1.1e9, 1.05e9, 1.05e9, 1.05e9};
  core::Summarize(results);
  return results;
}

// As the Python parameter server's script writes it.
constexpr char kPythonServer[] = R"json({
 "method": "Parameter Server (PS)", "world_size": 4, "num_workers": 3, "batch_size": 16,
 "start_time": "2024-05-01T12:34:56.789012", "end_time": "2024-05-01T12:35:56.1",
 "epochs": [
  {"epoch": 0, "train_loss": 2.5, "train_accuracy": 20.0, "train_time": 40.0,
   "train_throughput": 12.0, "avg_batch_time": 4.0, "val_loss": 2.25, "val_accuracy": 12.5},
  {"epoch": 1, "train_loss": 1.5, "train_accuracy": 40, "train_time": 48,
   "train_throughput": 10.0, "avg_batch_time": 4.8, "val_loss": 1.75, "val_accuracy": 37.5}
 ],
 "all_losses": [3.0, 2.75, 2.5, 2.25, 2.0, NaN, 1.75, 1.5, 1.25, 1.0],
 "summary": {"avg_train_throughput": 11.0, "avg_train_time_per_epoch": 44.0,
  "best_val_accuracy": 37.5, "avg_comm_time_pull": 0.75, "avg_comm_time_push": 1.25}
})json";

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<uint32_t> ColoursOf(const std::string& path) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_file(&image, path.c_str())) return {};
  image.format = PNG_FORMAT_RGB;
  EXPECT_EQ(image.width, 1200u);
  EXPECT_EQ(image.height, 780u);
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(image));
  EXPECT_TRUE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr)) << path;
  std::set<uint32_t> colours;
  for (size_t i = 0; i < pixels.size(); i += 3) {
    colours.insert(uint32_t{pixels[i]} << 16 | uint32_t{pixels[i + 1]} << 8 | pixels[i + 2]);
  }
  return colours;
}

class ReportTest : public ::testing::Test {
 protected:
  ReportTest() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  void WriteAllRuns() {
    WriteRun("results_baseline_ddp.json", OurRun("ddp", 1.6, 0.6, 0.15));
    core::Results all_reduce = OurRun("all_reduce", 2, 0.62, 0.62);
    all_reduce.partial = true;
    all_reduce.skipped_images = {"train/cat/broken.JPEG"};
    WriteRun("results_all_reduce.json", all_reduce);
    ASSERT_TRUE(core::WriteFile(folder_ + "/results_ps.json", kPythonServer).ok());
    core::Results overlapped = OurRun("parameter_server_overlapped", 1.8, 0.7, 0.25);
    overlapped.method = "Overlapped Server";
    overlapped.world_size = 5;
    overlapped.num_workers = 4;
    for (core::EpochResult& epoch : overlapped.epochs) {
      epoch.avg_comm_time.reset();
      epoch.avg_comm_time_pull = 0.00412;
      epoch.avg_comm_time_push = 0.5;
    }
    overlapped.summary.clear();
    core::Summarize(overlapped);
    WriteRun("results_parameter_server_overlapped.json", overlapped);
  }

  void WriteRun(const std::string& name, const core::Results& results) {
    ASSERT_TRUE(core::WriteResults(results, folder_ + "/" + name).ok());
  }

  absl::Status Report(Language language = Language::kEnglish) {
    printed_.str("");
    return WriteReport(folder_, language, printed_);
  }

  std::string Text() const { return Read(folder_ + "/performance_report.txt"); }

  void ExpectGolden(const std::string& name) {
    const std::string path = "analysis/testdata/" + name;
    if (std::getenv("REWRITE_GOLDEN") != nullptr) {
      const std::string source = std::getenv("BUILD_WORKSPACE_DIRECTORY");
      ASSERT_TRUE(core::WriteFile(source + "/" + path, Text()).ok());
      return;
    }
    EXPECT_EQ(Text(), Read(path)) << "see the head of this file for how to rewrite " << path;
  }

  // A name that would need quotes anywhere.
  const std::string folder_ = ::testing::TempDir() + "/report_test's \"folder\"";
  std::ostringstream printed_;
};

TEST_F(ReportTest, IsTheGoldenOne) {
  WriteAllRuns();
  ASSERT_EQ(Report(), absl::OkStatus());
  ExpectGolden("report_en.txt");
}

TEST_F(ReportTest, InChineseIsTheGoldenOne) {
  WriteAllRuns();
  ASSERT_EQ(Report(Language::kChinese), absl::OkStatus());
  ExpectGolden("report_zh.txt");
}

TEST_F(ReportTest, PrintsTheTablesOfTheText) {
  WriteAllRuns();
  ASSERT_EQ(Report(), absl::OkStatus());
  const std::string printed = printed_.str();
  const std::string tables = printed.substr(0, printed.find("\nwritten: "));
  EXPECT_THAT(tables, AllOf(HasSubstr("images/s"), HasSubstr("0.80"), HasSubstr("bit-equal"),
                            HasSubstr("the run was interrupted")));
  EXPECT_THAT(Text(), HasSubstr(tables));
}

TEST_F(ReportTest, DrawsFivePicturesWithAColourForEachMethod) {
  WriteAllRuns();
  ASSERT_EQ(Report(), absl::OkStatus());
  for (const char* picture : kPictures) {
    EXPECT_THAT(ColoursOf(folder_ + "/plots/" + picture),
                AllOf(Contains(kBlue), Contains(kOrange), Contains(kGreen), Contains(kPurple)))
        << picture;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ + "/plots"), {}), 5);
}

TEST_F(ReportTest, AMethodKeepsItsColourWhenItIsAlone) {
  core::Results results = OurRun("parameter_server", 2, 1, 1);
  results.epochs.resize(1);
  results.all_losses.resize(1);
  WriteRun("results_ps.json", results);
  ASSERT_EQ(Report(), absl::OkStatus());
  for (const char* picture : kPictures) {
    EXPECT_THAT(ColoursOf(folder_ + "/plots/" + picture),
                AllOf(Contains(kGreen), Not(Contains(kBlue)), Not(Contains(kOrange))))
        << picture;
  }
  EXPECT_THAT(Text(), HasSubstr("missing: results_baseline_ddp.json, results_all_reduce.json, "
                                "results_parameter_server_overlapped.json\n"));
}

TEST_F(ReportTest, AnyNameOfAMethodCanBeDrawn) {
  core::Results results = OurRun("ddp", 2, 1, 1);
  for (const char* name : {"%s % `exit 1`", "\\n\"$x @y {a_b}^c", "it's '' 参数\t服务器", "   "}) {
    SCOPED_TRACE(name);
    results.method = name;
    WriteRun("results_baseline_ddp.json", results);
    EXPECT_EQ(Report(), absl::OkStatus());
  }
}

TEST_F(ReportTest, ARunWithoutAnythingMeasuredIsReportedAndDrawn) {
  core::Results results = OurRun("ddp", 2, 1, 1);
  results.epochs.clear();
  results.all_losses = {std::nan(""), std::nan("")};
  core::Summarize(results);
  WriteRun("results_baseline_ddp.json", results);
  ASSERT_EQ(Report(), absl::OkStatus());
  for (const char* picture : kPictures)
    EXPECT_GT(ColoursOf(folder_ + "/plots/" + picture).size(), 2u);
}

TEST_F(ReportTest, AMalformedFileIsNamedAndTheRestReported) {
  WriteAllRuns();
  const std::string path = folder_ + "/results_all_reduce.json";
  ASSERT_TRUE(core::WriteFile(path, R"({"world_size": "four"})").ok());
  ASSERT_EQ(Report(), absl::OkStatus());
  const std::string note = "cannot be used: " + path + ": world_size: is \"four\", not a number\n";
  EXPECT_THAT(printed_.str(), AllOf(HasSubstr(note), HasSubstr("Parameter Server (PS)")));
  EXPECT_THAT(Text(), HasSubstr(note));
}

TEST_F(ReportTest, SimulatedRowsStandBesideMeasuredOnes) {
  WriteAllRuns();
  const std::string path = folder_ + "/simulated.json";
  ASSERT_TRUE(core::WriteFile(path, R"({"rows": [{"strategy": "ddp", "workers": 4, "servers": 0,
      "images_per_second": 44, "step_seconds": 1.5, "communication_seconds": 0.5,
      "exposed_seconds": 0.25, "hidden_seconds": 0.25, "compute_seconds": 1.25, "load_seconds": 0,
      "pull_seconds": 0, "push_seconds": 0, "method": "messages", "efficiency": 0.8}]})")
                  .ok());
  ASSERT_EQ(Report(), absl::OkStatus());
  EXPECT_THAT(printed_.str(), ContainsRegex("ddp \\(simulated\\) +4 +44.0 +- +1500.0 +500.0 +250.0 "
                                            "+- +1.10\n"));
  ASSERT_TRUE(core::WriteFile(path, R"({"rows": [{"strategy": "ddp"}]})").ok());
  ASSERT_EQ(Report(), absl::OkStatus());
  EXPECT_THAT(printed_.str(), HasSubstr("simulated.json: rows[0].workers: is missing"));
}

TEST_F(ReportTest, AFolderWithNothingIsAnErrorAndStaysEmpty) {
  EXPECT_THAT(std::string(Report().message()), HasSubstr("there are no results in"));
  EXPECT_TRUE(fs::is_empty(folder_));
  EXPECT_EQ(printed_.str(), "");
}

TEST_F(ReportTest, WithoutGnuplotTheTextIsStillWritten) {
  WriteAllRuns();
  const std::string path = std::getenv("PATH");
  setenv("PATH", folder_.c_str(), 1);
  const absl::Status missing = Report();
  ASSERT_TRUE(
      core::WriteFile(folder_ + "/gnuplot", "#!/bin/sh\necho 'no such\nterminal' >&2; exit 3")
          .ok());
  fs::permissions(folder_ + "/gnuplot", fs::perms::owner_all);
  const absl::Status failing = Report();
  setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("gnuplot is not installed"));
  EXPECT_EQ(failing.message(),
            "gnuplot made no throughput_comparison.png (exit code 3): no such terminal");
  EXPECT_THAT(Text(), HasSubstr("Parameter Server (PS)"));
  EXPECT_TRUE(fs::is_empty(folder_ + "/plots"));
}

TEST_F(ReportTest, WithoutPlaceForTheTextThePlotsAreStillDrawn) {
  WriteAllRuns();
  fs::create_directories(folder_ + "/performance_report.txt");
  EXPECT_THAT(std::string(Report().message()),
              HasSubstr("performance_report.txt: it is there and is not a file"));
  EXPECT_TRUE(fs::exists(folder_ + "/plots/loss_curves.png"));
}

}  // namespace
}  // namespace analysis
