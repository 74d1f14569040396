#include "backends/membership/membership.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/error.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr char kLog[] = "reports";

std::string KeyOf(int rank) { return absl::StrCat("ranks/", rank); }

}  // namespace

std::string ThisHost() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

Membership::Membership(const Options& options, const std::string& address) : options_(options) {
  options_.store->Set(KeyOf(options_.rank),
                      absl::StrCat(options_.size, "\n", ThisHost(), "\n", address));
  AwaitRecords();
  for (const Report& report : Reports()) {
    if (report.reason == Reason::kLeft) continue;
    throw core::Error(absl::StrCat("rank ", options_.rank, ": came too late: rank ", report.rank,
                                   " had given up: ", report.text,
                                   ": start all ranks at the same time"));
  }
}

void Membership::AwaitRecords() {
  const auto deadline = steady_clock::now() + options_.timeout;
  std::vector<int> missing;
  for (int rank = 0; rank < options_.size; ++rank) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    const auto record = options_.store->Get(KeyOf(rank), std::max(left, milliseconds(0)));
    if (!record) missing.push_back(rank);
    const std::vector<std::string> parts =
        absl::StrSplit(record.value_or("\n\n"), absl::MaxSplits('\n', 2));
    if (record && parts[0] != absl::StrCat(options_.size)) {
      throw core::Error(absl::StrCat("rank ", options_.rank, ": rank ", rank,
                                     " was started as one of ", parts[0], " ranks, this one of ",
                                     options_.size, ": give all the same world size"));
    }
    records_.push_back({parts[1], parts[2]});
  }
  if (missing.empty()) return;
  const std::string cause =
      absl::StrCat("of ", options_.size, " ranks, ", missing.size() == 1 ? "rank " : "ranks ",
                   absl::StrJoin(missing, ", "), " did not come within ",
                   std::chrono::duration<double>(options_.timeout).count(), " s");
  Report report{.reason = Reason::kTimedOut};
  report.SetText(cause);
  Tell(report);
  throw core::Error(absl::StrCat("rank ", options_.rank, ": ", cause,
                                 ": start all ranks with the same world size and rendezvous"));
}

void Membership::Tell(Report report) {
  report.rank = options_.rank;
  options_.store->Append(kLog, {reinterpret_cast<const char*>(&report), sizeof(report)});
}

void Membership::Leave() { Tell({.reason = Reason::kLeft}); }

std::vector<Report> Membership::Reports() {
  const std::string log = options_.store->Get(kLog, milliseconds(0)).value_or("");
  std::vector<Report> reports(log.size() / sizeof(Report));
  if (!reports.empty()) std::memcpy(reports.data(), log.data(), reports.size() * sizeof(Report));
  for (size_t i = 0; i < reports.size(); ++i) reports[i].place = static_cast<int32_t>(i);
  return reports;
}

}  // namespace backends
