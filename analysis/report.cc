#include "analysis/report.h"

#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analysis/plots.h"
#include "analysis/run.h"
#include "analysis/text_report.h"
#include "core/file.h"

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

}  // namespace

absl::Status WriteReport(const std::string& directory, Language language, std::ostream& out) {
  const absl::StatusOr<Runs> runs = LoadRuns(directory);
  if (!runs.ok()) return runs.status();
  const Phrases& phrases = PhrasesIn(language);
  const std::string comparison =
      Joined({ComparisonSection(*runs, phrases), LossDistanceSection(*runs, phrases),
              NotesSection(*runs, phrases)});
  out << comparison;

  std::vector<std::string> sections = {absl::StrCat(phrases.title, "\n"), comparison};
  for (const Run& run : runs->runs) sections.push_back(MethodSection(run, phrases));
  const std::string report = std::filesystem::path(directory) / "performance_report.txt";
  const std::string plots = std::filesystem::path(directory) / "plots";
  const absl::Status text_status = core::WriteFile(report, Joined(sections));
  const absl::Status plots_status = WritePlots(runs->runs, plots);
  std::vector<std::string> written;
  if (text_status.ok()) written.push_back(report);
  if (plots_status.ok()) written.push_back(plots + "/");
  if (!written.empty()) {
    out << "\n" << phrases.written << phrases.colon << absl::StrJoin(written, ", ") << "\n";
  }
  return text_status.ok() ? plots_status : text_status;
}

}  // namespace analysis
