#include "analysis/text/validation_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/table.h"

namespace analysis {
namespace {

using core::DisplayWidth;
using core::Shortened;
using core::Table;
using Align = Table::Align;

constexpr size_t kShown = 5;

std::string Percent(double share) { return absl::StrFormat("%.1f %%", 100 * share); }

std::string Milliseconds(double seconds) { return absl::StrFormat("%.1f", 1e3 * seconds); }

}  // namespace

std::string ErrorLine(const Validation& validation, const Phrases& phrases) {
  std::string line = absl::StrCat(validation.cases.size(), phrases.validated_cases,
                                  phrases.mean_error, Percent(validation.mean_error()),
                                  phrases.worst_error, Percent(validation.worst_error()));
  if (validation.noisy_cases() > 0) {
    absl::StrAppend(&line, phrases.noisy_cases, validation.noisy_cases());
  }
  return line + "\n";
}

std::string CasesTable(const Validation& validation, const Phrases& phrases, size_t cases_max) {
  Table table({{phrases.strategy, "", Align::kLeft},
               {phrases.ranks.text, ""},
               {phrases.links, ""},
               {phrases.bound_by, "", Align::kLeft},
               {phrases.measured.text, phrases.measured.unit},
               {phrases.spread, "%"},
               {phrases.predicted.text, phrases.predicted.unit},
               {phrases.error, "%"},
               {phrases.exposed.text, phrases.exposed.unit},
               {phrases.predicted.text, phrases.predicted.unit},
               {"", "", Align::kLeft}});
  for (size_t i = 0; i < std::min(cases_max, validation.cases.size()); ++i) {
    const ValidatedCase& each = validation.cases[i];
    table.AddRow(
        {each.strategy, absl::StrCat(each.ranks), each.rate, each.workload,
         Milliseconds(each.measured_step_seconds),
         absl::StrFormat("%.1f", 100 * each.measured_spread),
         Milliseconds(each.predicted_step_seconds), absl::StrFormat("%+.1f", 100 * each.error()),
         Milliseconds(each.measured_exposed_seconds), Milliseconds(each.predicted_exposed_seconds),
         each.impossible() ? phrases.impossible
         : each.noisy      ? phrases.noisy
                           : ""});
  }
  return table.ToString(0);
}

std::string ValidationSection(const Validation& validation, const Phrases& phrases) {
  const std::string title = phrases.validation;
  std::string text = absl::StrCat(
      title, "\n", std::string(static_cast<size_t>(DisplayWidth(title)), '-'), "\n",
      ErrorLine(validation, phrases), phrases.measured_on, phrases.colon,
      Shortened(validation.processor, 60), ", ", validation.cores, phrases.cores, "\n");
  if (!validation.commit.empty()) {
    absl::StrAppend(&text, phrases.commit, phrases.colon, validation.commit, "\n");
  }
  if (!validation.picture.empty()) {
    absl::StrAppend(&text, phrases.picture, phrases.colon, validation.picture, "\n");
  }
  absl::StrAppend(&text, "\n", phrases.worst_cases, "\n", CasesTable(validation, phrases, kShown));
  return text;
}

}  // namespace analysis
