#include "analysis/text/validation_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/table.h"

namespace analysis {
namespace {

using core::Headline;
using core::Shortened;
using core::Table;
using Align = Table::Align;

constexpr size_t kShown = 5;

std::string Percent(double share) { return absl::StrFormat("%.1f %%", 100 * share); }

std::string Milliseconds(double seconds) { return absl::StrFormat("%.1f", 1e3 * seconds); }

}  // namespace

std::string ErrorLine(const Validation& validation, Say say) {
  std::string line = absl::StrCat(
      validation.cases.size(), say(" cases: mean error of the step time "),
      Percent(validation.mean_error()), say(", worst "), Percent(validation.worst_error()));
  if (validation.noisy_cases() > 0) {
    absl::StrAppend(&line, say("; noisy measurements: "), validation.noisy_cases());
  }
  return line + "\n";
}

std::string CasesTable(const Validation& validation, Say say, size_t cases_max) {
  Table table({{say("strategy"), "", Align::kLeft},
               {say("ranks"), ""},
               {say("links"), ""},
               {say("bound by"), "", Align::kLeft},
               {say("measured"), say("ms/step")},
               {say("spread"), "%"},
               {say("predicted"), say("ms/step")},
               {say("error"), "%"},
               {say("exposed"), say("ms/step")},
               {say("predicted"), say("ms/step")},
               {"", "", Align::kLeft}});
  for (size_t i = 0; i < std::min(cases_max, validation.cases.size()); ++i) {
    const ValidatedCase& each = validation.cases[i];
    table.AddRow(
        {each.strategy, absl::StrCat(each.ranks), each.rate, each.workload,
         Milliseconds(each.measured_step_seconds),
         absl::StrFormat("%.1f", 100 * each.measured_spread),
         Milliseconds(each.predicted_step_seconds), absl::StrFormat("%+.1f", 100 * each.error()),
         Milliseconds(each.measured_exposed_seconds), Milliseconds(each.predicted_exposed_seconds),
         each.impossible() ? say("below what is possible")
         : each.noisy      ? say("noisy")
                           : ""});
  }
  return table.ToString(0);
}

std::string ValidationSection(const Validation& validation, Say say) {
  std::string text = absl::StrCat(
      Headline(say("The simulator's error (predicted against measured)"), '-'),
      ErrorLine(validation, say), say("measured on"), say(": "),
      Shortened(validation.processor, 60), ", ", validation.cores, say(" cores"), "\n");
  if (!validation.commit.empty()) {
    absl::StrAppend(&text, say("commit"), say(": "), validation.commit, "\n");
  }
  if (!validation.picture.empty()) {
    absl::StrAppend(&text, say("picture"), say(": "), validation.picture, "\n");
  }
  absl::StrAppend(&text, "\n", say("Worst cases"), "\n", CasesTable(validation, say, kShown));
  return text;
}

}  // namespace analysis
