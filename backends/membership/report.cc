#include "backends/membership/report.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <numeric>
#include <span>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace backends {
namespace {

std::vector<int> BlamedBy(const Report& report, size_t ranks) {
  const auto blamed = std::span(report.blamed).first(report.blamed_count);
  if (std::find(blamed.begin(), blamed.end(), Report::kAllOthers) == blamed.end()) {
    return {blamed.begin(), blamed.end()};
  }
  std::vector<int> all(ranks);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

double Seconds(std::chrono::milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string Describe(int silent, const Report& report, std::chrono::milliseconds timeout) {
  if (report.reason == Reason::kLost) {
    return absl::StrCat("rank ", silent, " is gone (", report.text, "): see what it said last");
  }
  return absl::StrCat("rank ", silent, " has not answered for ", Seconds(timeout),
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

bool Report::IsValid(int ranks) const {
  if (reason <= Reason::kNone || reason > Reason::kDisagreement) return false;
  if (rank < 0 || rank >= ranks || blamed_count < 0 || blamed_count > kBlamedMax) return false;
  return std::find(std::begin(text), std::end(text), '\0') != std::end(text) &&
         std::all_of(blamed.begin(), blamed.begin() + blamed_count,
                     [&](int32_t one) { return one >= kAllOthers && one < ranks; });
}

std::string Verdict(const std::vector<Report>& reports, std::chrono::milliseconds timeout) {
  const auto best =
      std::max_element(reports.begin(), reports.end(), [](const Report& left, const Report& right) {
        return left.reason != right.reason ? left.reason < right.reason : left.place > right.place;
      });
  const int first = static_cast<int>(best - reports.begin());
  if (best->reason == Reason::kDisagreement) return best->text;
  if (best->reason == Reason::kFailed) return absl::StrCat("rank ", first, " failed: ", best->text);
  // From whom knows most to those it waits for, to those these wait for.
  std::vector<int> suspects = {first};
  std::vector<const Report*> accusers = {nullptr};  // Of each suspect.
  std::vector<bool> suspected(reports.size());
  suspected[first] = true;
  for (size_t i = 0; i < suspects.size(); ++i) {
    const Report& report = reports[suspects[i]];
    for (int blamed : BlamedBy(report, reports.size())) {
      if (suspected[blamed]) continue;
      suspected[blamed] = true;
      suspects.push_back(blamed);
      accusers.push_back(&report);
    }
  }
  // One that left may have been needed by nobody.
  for (Reason silent : {Reason::kNone, Reason::kLeft}) {
    for (size_t i = 0; i < suspects.size(); ++i) {
      if (reports[suspects[i]].reason == silent) {
        return Describe(suspects[i], *accusers[i], timeout);
      }
    }
  }
  if (best->reason == Reason::kLost) {
    return absl::StrCat("rank ", first, " lost a connection (", best->text,
                        "), although all ranks are alive");
  }
  for (int suspect : suspects) {
    if (reports[suspect].reason == Reason::kBusy) {
      return absl::StrCat("rank ", suspect,
                          " takes no part in it, although it is alive: is it busy for longer than "
                          "--timeout (",
                          Seconds(timeout), " s)?");
    }
  }
  if (suspects.size() == 1) return absl::StrCat("rank ", first, " gave up: ", best->text);
  return absl::StrCat("ranks ", absl::StrJoin(suspects, ", "), " wait for each other");
}

}  // namespace backends
