#include "analysis/scaling_report.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "analysis/plots/scaling_plots.h"
#include "analysis/text/phrases.h"
#include "analysis/text/scaling_text.h"
#include "core/base/error.h"
#include "core/base/file.h"

namespace analysis {

absl::StatusOr<std::optional<ScalingStudy>> LoadScalingStudy(const std::string& directory) {
  const std::string path = std::filesystem::path(directory) / "ps_scaling.json";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  try {
    return ReadScalingStudy(path);
  } catch (const core::Error& error) {
    return absl::InvalidArgumentError(error.what());
  }
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
