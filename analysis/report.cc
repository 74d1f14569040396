#include "analysis/report.h"

#include <filesystem>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analysis/data/run.h"
#include "analysis/data/scaling.h"
#include "analysis/data/validation.h"
#include "analysis/plots/run_plots.h"
#include "analysis/plots/scaling_plots.h"
#include "analysis/text/phrases.h"
#include "analysis/text/scaling_text.h"
#include "analysis/text/text_report.h"
#include "analysis/text/validation_text.h"
#include "core/base/file.h"

namespace analysis {
namespace {

// Sections with an empty line between them; an empty section takes no place.
std::string Joined(const std::vector<std::string>& sections) {
  std::string text;
  for (const std::string& section : sections) {
    if (section.empty()) continue;
    absl::StrAppend(&text, text.empty() ? "" : "\n", section);
  }
  return text;
}

// The first that is not well.
absl::Status FirstError(const std::vector<absl::Status>& statuses) {
  for (const absl::Status& status : statuses) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteReport(const std::string& directory, Language language, std::ostream& out,
                         std::span<const core::StrategyEntry> strategies) {
  const absl::StatusOr<Runs> runs = LoadRuns(directory, strategies);
  const absl::StatusOr<std::optional<ScalingStudy>> study = LoadScalingStudy(directory);
  const absl::StatusOr<std::optional<Validation>> validation = LoadValidation(directory);
  const bool has_study = study.ok() && study->has_value();
  const bool has_validation = validation.ok() && validation->has_value();
  // What was simulated may stand alone.
  const bool alone = (has_study || has_validation) && absl::IsNotFound(runs.status());
  if (!runs.ok() && !alone) {
    if (!absl::IsNotFound(runs.status())) return runs.status();
    return FirstError({study.status(), validation.status(), runs.status()});
  }

  const Say say(language);
  std::vector<std::string> printed;
  std::vector<std::string> sections = {absl::StrCat(say("Performance report"), "\n")};
  const auto print = [&](const std::string& section) {
    printed.push_back(section);
    sections.push_back(section);
  };
  if (runs.ok()) {
    print(ComparisonSection(*runs, say));
    print(LossDistanceSection(*runs, say));
    print(NotesSection(*runs, say));
    for (const Run& run : runs->runs) sections.push_back(MethodSection(run, say));
  }
  if (has_study) print(ScalingSection(**study, say));
  if (has_validation) print(ValidationSection(**validation, say));
  out << Joined(printed);

  const std::string text = std::filesystem::path(directory) / "performance_report.txt";
  const std::string plots = std::filesystem::path(directory) / "plots";
  const absl::Status text_status = core::WriteFile(text, Joined(sections));
  const absl::Status plots_status =
      FirstError({runs.ok() ? WriteRunPlots(runs->runs, plots) : absl::OkStatus(),
                  has_study ? WriteScalingPlots(**study, plots) : absl::OkStatus()});
  std::vector<std::string> written;
  if (text_status.ok()) written.push_back(text);
  const bool has_plots = runs.ok() || has_study;
  if (has_plots && plots_status.ok()) written.push_back(plots + "/");
  if (!written.empty()) {
    out << "\n" << say("written") << say(": ") << absl::StrJoin(written, ", ") << "\n";
  }
  return FirstError({text_status, plots_status, study.status(), validation.status()});
}

absl::Status WriteScalingReport(const std::string& directory, std::ostream& out) {
  const absl::StatusOr<std::optional<ScalingStudy>> study = LoadScalingStudy(directory);
  if (!study.ok()) return study.status();
  if (!study->has_value()) {
    return absl::NotFoundError(absl::StrCat("there is no ps_scaling.json in ", directory));
  }
  const std::string text = ScalingSection(**study, Say(Language::kEnglish));
  out << text << "\n";
  const std::filesystem::path folder(directory);
  const absl::Status written = core::WriteFile(folder / "ps_scaling.txt", text);
  if (!written.ok()) return written;
  return WriteScalingPlots(**study, folder / "plots");
}

}  // namespace analysis
