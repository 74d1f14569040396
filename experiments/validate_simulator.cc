// tools/bazel run //experiments:validate_simulator
// Predicted against measured: what the simulator's error is.

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/plots/validation_plot.h"
#include "analysis/text/phrases.h"
#include "analysis/text/validation_text.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/flags.h"
#include "core/base/program.h"
#include "core/base/temporary_folder.h"
#include "experiments/common/commit.h"
#include "experiments/common/finished_parts.h"
#include "experiments/common/host_info.h"
#include "experiments/common/runfiles.h"
#include "experiments/validation/calibration.h"
#include "experiments/validation/host_run.h"
#include "experiments/validation/outcome.h"
#include "experiments/validation/prediction.h"
#include "experiments/validation/validation_case.h"

namespace experiments {
namespace {

constexpr std::string_view kUsage =
    R"(Runs the strategies over real sockets between test hosts, predicts the same runs with the simulator, and says
how far the two are apart. Needs root, for the test hosts' network namespaces.

    sudo tools/bazel run //experiments:validate_simulator
    sudo tools/bazel run //experiments:validate_simulator -- --quick

The simulator is calibrated with micro-measurements only (messages, fan-in, adding up), and then predicts a matrix
of strategies, ranks, bandwidths and two workloads that it never saw. After an interruption the same command goes on. Leaves validation.json, plots/validation.png,
calibrated clusters for `simulate --cluster`, and traces of the worst cases, measured and predicted.)";

constexpr char kProfile[] = "experiments/profiles/resnet50_64px_batch16_float32.json";
constexpr int kSteps = 10 + static_cast<int>(kWarmupSteps);
constexpr size_t kTraced = 3;  // Worst cases.

class Validation {
 public:
  Validation(bool quick, std::string output)
      : output_(std::move(output)),
        parts_(output_ + "/validation.partial",
               {{"quick", quick}, {"cores", UsableCores()}, {"processor", ProcessorName()}}) {
    const core::Profile real = core::ReadProfile(ShippedFile(kProfile));
    AddWorkload("communication", Shrink(real, 16, 4, 0.04));
    AddWorkload("computation", Shrink(real, 16, 4, 0.3));
    const std::vector<std::string> rates =
        quick ? std::vector<std::string>{"1gbit"}
              : std::vector<std::string>{"200mbit", "1gbit", "4gbit"};
    for (const std::string& rate : rates) CalibrateRate(rate);
    const std::vector<int> ranks = quick ? std::vector<int>{2, 4} : std::vector<int>{2, 3, 4, 8};
    for (const ValidationCase& each : MakeCases(rates, ranks, workloads_)) {
      if (CoresCarry(each, calibrations_.at(each.rate), UsableCores())) {
        outcomes_.push_back({.validation_case = each});
      } else {
        left_out_.push_back(
            absl::StrCat(each.label(), " with ", each.ranks, " ranks at ", each.rate));
      }
    }
  }

  void Run() {
    for (size_t begin = 0; begin < outcomes_.size();) {
      size_t end = begin;
      while (end < outcomes_.size() && SameHosts(begin, end)) ++end;
      MeasureGroup(begin, end);
      begin = end;
    }
    for (Outcome& outcome : outcomes_) {
      const Calibration& calibration = calibrations_.at(outcome.validation_case.rate);
      outcome.prediction = Predict(outcome.validation_case, calibration);
      outcome.least = LeastSeconds(outcome.validation_case, calibration);
    }
  }

  void Write() {
    std::vector<Calibration> calibrations;
    for (const auto& [rate, calibration] : calibrations_) {
      calibrations.push_back(calibration);
      core::ThrowIfError(
          WriteCluster(calibration, absl::StrCat(output_, "/cluster_", rate, ".json")));
    }
    nlohmann::ordered_json json = ToJson(outcomes_, calibrations);
    json["commit"] = Commit();
    json["processor"] = ProcessorName();
    json["cores"] = UsableCores();
    json["left_out"] = left_out_;
    core::ThrowIfError(
        core::WriteFile(absl::StrCat(output_, "/validation.json"), json.dump(1) + "\n"));
    WriteTraces();
    parts_.Conclude();
    const analysis::Validation validation = ValidationOf(outcomes_);
    const analysis::Say say(analysis::Language::kEnglish);
    const std::string text =
        absl::StrCat(analysis::CasesTable(validation, say, validation.cases.size()), "\n",
                     analysis::ErrorLine(validation, say));
    core::ThrowIfError(core::WriteFile(absl::StrCat(output_, "/validation.txt"), text));
    std::fputs(text.c_str(), stdout);
    for (const Calibration& calibration : calibrations) {
      for (const std::string& warning : calibration.warnings) {
        absl::PrintF("Calibration: %s.\n", warning);
      }
    }
    if (!left_out_.empty()) {
      absl::PrintF("Left out, as %d cores do not carry them: %d cases, in validation.json.\n",
                   UsableCores(), left_out_.size());
    }
    core::ThrowIfError(analysis::WriteValidationPlot(validation, absl::StrCat(output_, "/plots")));
    if (validation.impossible_cases() > 0) {
      throw core::Error(absl::StrCat(validation.impossible_cases(),
                                     " cases were measured faster than the links allow: the clock "
                                     "or the links' limits are wrong"));
    }
  }

 private:
  void AddWorkload(const std::string& name, const core::Profile& profile) {
    const std::string path = absl::StrCat(folder_.path(), "/", name, ".json");
    core::ThrowIfError(core::WriteProfile(profile, path));
    workloads_.push_back({name, profile, path});
  }

  void CalibrateRate(const std::string& rate) {
    absl::FPrintF(stderr, "calibrating at %s\n", rate);
    const double nominal = BytesPerSecond(rate);
    const std::vector<Measurement> plan = CalibrationPlan(nominal);
    const std::vector<Measurement> fan_in = FanInPlan(nominal);
    calibrations_[rate] =
        Calibrate(rate, UsableCores(), plan, MeasureOnce({.count = 2, .rate = rate}, plan), fan_in,
                  MeasureOnce({.count = 4, .rate = rate}, fan_in));
  }

  // What is done first and what then follows from what was measured: with the same measurements
  // from a run that was interrupted, the next ones are the same, too.
  std::vector<Measured> MeasureOnce(const Hosts& hosts, const std::vector<Measurement>& plan) {
    const std::string name =
        absl::StrCat(++measured_, ": ", plan.size(), " on ", hosts.count, " hosts at ", hosts.rate);
    return parts_.Once(name, [&] { return MeasureOnHosts(hosts, plan); });
  }

  bool SameHosts(size_t a, size_t b) const {
    const ValidationCase& one = outcomes_[a].validation_case;
    const ValidationCase& other = outcomes_[b].validation_case;
    return one.ranks == other.ranks && one.rate == other.rate;
  }

  // Those of the cases that vary too much are measured once more.
  void MeasureGroup(size_t begin, size_t end) {
    const ValidationCase& first = outcomes_[begin].validation_case;
    absl::FPrintF(stderr, "[%d/%d] %d hosts at %s\n", end, outcomes_.size(), first.ranks,
                  first.rate);
    std::vector<size_t> cases;
    for (size_t i = begin; i < end; ++i) cases.push_back(i);
    Measure(cases);
    std::erase_if(cases, [this](size_t i) { return outcomes_[i].spread() <= kSpreadMax; });
    for (size_t i : cases) outcomes_[i].repeated = true;
    if (!cases.empty()) Measure(cases);
  }

  void Measure(const std::vector<size_t>& cases) {
    std::vector<Measurement> plan;
    for (size_t i : cases) plan.push_back(MeasurementOf(outcomes_[i].validation_case, kSteps));
    const ValidationCase& first = outcomes_[cases[0]].validation_case;
    const std::vector<Measured> measured =
        MeasureOnce({.count = first.ranks, .rate = first.rate}, plan);
    for (size_t i = 0; i < cases.size(); ++i) {
      AddMeasured(measured[i], outcomes_[cases[i]]);
    }
  }

  void WriteTraces() const {
    std::vector<const Outcome*> worst;
    for (const Outcome& outcome : outcomes_) worst.push_back(&outcome);
    std::stable_sort(worst.begin(), worst.end(), [](const Outcome* a, const Outcome* b) {
      return std::abs(a->error()) > std::abs(b->error());
    });
    for (size_t i = 0; i < std::min(kTraced, worst.size()); ++i) {
      const std::string start = absl::StrCat(output_, "/traces/worst_", i + 1);
      core::ThrowIfError(core::WriteFile(start + "_measured.json", worst[i]->trace));
      core::ThrowIfError(core::WriteFile(start + "_predicted.json", worst[i]->prediction.trace));
    }
  }

  const std::string output_;
  FinishedParts parts_;
  int measured_ = 0;  // Groups of measurements.
  const core::TemporaryFolder folder_;
  std::vector<Workload> workloads_;
  std::map<std::string, Calibration> calibrations_;  // By rate.
  std::vector<Outcome> outcomes_;
  std::vector<std::string> left_out_;
};

void Main(int argc, char** argv) {
  bool quick = false;
  std::string output_dir = "results";
  core::FlagTable flags = {
      {"quick", &quick, "a small matrix, in under 90 s"},
      {"output_dir", &output_dir, core::IsPath(), "folder for validation.json, plots and traces"},
  };
  flags.Read(argc, argv, kUsage);
  Validation validation(quick, output_dir);
  validation.Run();
  validation.Write();
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return core::ReportErrors("validate_simulator", [&] { experiments::Main(argc, argv); });
}
