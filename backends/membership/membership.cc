#include "backends/membership/membership.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/error.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr char kLog[] = "reports";
// Of what cannot be read.
constexpr size_t kShownBytes = 32;

std::string KeyOf(int rank) { return absl::StrCat("ranks/", rank); }

}  // namespace

std::string ThisHost() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

Membership::Membership(const Options& options, const std::string& address) : options_(options) {
  options_.store->Set(KeyOf(options_.rank), absl::StrCat(options_.size, "\n", options_.backend,
                                                         "\n", ThisHost(), "\n", address));
  AwaitRecords();
  for (const Report& report : Reports()) {
    if (report.reason == Reason::kLeft) continue;
    throw core::Error(absl::StrCat(
        "rank ", options_.rank, ": rank ", report.rank,
        " had given up before all had come: ", report.text,
        report.reason == Reason::kTimedOut ? ": start all ranks at the same time" : ""));
  }
}

void Membership::AwaitRecords() {
  const auto deadline = steady_clock::now() + options_.timeout;
  std::vector<int> missing;
  for (int rank = 0; rank < options_.size; ++rank) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    const auto record = options_.store->Get(KeyOf(rank), std::max(left, milliseconds(0)));
    if (record) {
      records_.push_back(Parse(*record, rank));
    } else {
      missing.push_back(rank);
    }
  }
  if (missing.empty()) return;
  const std::string cause =
      absl::StrCat("of ", options_.size, " ranks, ", missing.size() == 1 ? "rank " : "ranks ",
                   absl::StrJoin(missing, ", "), " did not come within ",
                   std::chrono::duration<double>(options_.timeout).count(), " s");
  Report report{.reason = Reason::kTimedOut};
  report.SetText(cause);
  try {
    Tell(report);
  } catch (const core::Error&) {  // Who is missing says more than that the store is lost besides.
  }
  throw core::Error(absl::StrCat("rank ", options_.rank, ": ", cause,
                                 ": start all ranks with the same world size and rendezvous"));
}

AddressRecord Membership::Parse(const std::string& record, int rank) const {
  const std::string beginning = absl::StrCat("rank ", options_.rank, ": rank ", rank, " ");
  const std::vector<std::string> parts = absl::StrSplit(record, absl::MaxSplits('\n', 3));
  int size = 0;
  if (parts.size() != 4 || !absl::SimpleAtoi(parts[0], &size)) {
    throw core::Error(absl::StrCat(beginning, "left a record that cannot be read (\"",
                                   absl::CHexEscape(record.substr(0, kShownBytes)),
                                   "\") at the rendezvous: start all ranks from the same build, "
                                   "with a rendezvous of their own"));
  }
  if (parts[1] != options_.backend) {
    throw core::Error(absl::StrCat(beginning, "was started with another --backend (",
                                   absl::CHexEscape(parts[1].substr(0, kShownBytes)), "), not ",
                                   options_.backend, ": give all ranks the same"));
  }
  if (size != options_.size) {
    throw core::Error(absl::StrCat(beginning, "was started as one of ", size,
                                   " ranks, this one of ", options_.size,
                                   ": give all the same world size"));
  }
  return {parts[2], parts[3]};
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
  std::erase_if(reports, [this](const Report& report) { return !report.IsValid(options_.size); });
  return reports;
}

}  // namespace backends
