#include "backends/gloo/report.h"

#include <algorithm>
#include <cstdio>
#include <span>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace backends {
namespace {

std::string Describe(int silent, const Report& report, std::chrono::milliseconds timeout) {
  if (report.reason == Reason::kLost) {
    return absl::StrCat("rank ", silent, " is gone (", report.text, "): see what it said last");
  }
  return absl::StrCat("rank ", silent, " has not answered for ",
                      std::chrono::duration<double>(timeout).count(),
                      " s: is it stopped, or busy for longer than --timeout?");
}

}  // namespace

void Report::SetText(const std::string& value) {
  std::snprintf(text, sizeof(text), "%s", value.c_str());
}

void Report::Blame(int rank) {
  const auto end = blamed.begin() + blamed_count;
  if (blamed_count < kBlamedMax && std::find(blamed.begin(), end, rank) == end) {
    blamed[blamed_count++] = rank;
  }
}

std::string Verdict(const std::vector<Report>& reports, std::chrono::milliseconds timeout) {
  const auto best = std::max_element(
      reports.begin(), reports.end(),
      [](const Report& left, const Report& right) { return left.reason < right.reason; });
  if (best->reason == Reason::kDisagreement) return best->text;
  // From whom knows most to those it waits for, to those these wait for.
  std::vector<int> suspects = {static_cast<int>(best - reports.begin())};
  for (size_t i = 0; i < suspects.size(); ++i) {
    const Report& report = reports[suspects[i]];
    for (int blamed : std::span(report.blamed).first(report.blamed_count)) {
      if (reports[blamed].reason == Reason::kNone) return Describe(blamed, report, timeout);
      if (std::find(suspects.begin(), suspects.end(), blamed) == suspects.end()) {
        suspects.push_back(blamed);
      }
    }
  }
  for (int suspect : suspects) {
    if (reports[suspect].reason == Reason::kBusy) {
      return absl::StrCat("rank ", suspect, " takes no part in it, although it is alive");
    }
  }
  return absl::StrCat("ranks ", absl::StrJoin(suspects, ", "), " wait for each other");
}

}  // namespace backends
