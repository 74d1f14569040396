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
// How often who waits for a rank looks whether one has given up.
constexpr milliseconds kLookInterval(500);

void Add(Store& store, const Report& report) {
  store.Append(kLog, {reinterpret_cast<const char*>(&report), sizeof(report)});
}

}  // namespace

void TellFailure(Store& store, int rank, const std::string& cause) {
  Report report{.reason = Reason::kFailed, .rank = rank};
  report.SetText(cause);
  try {
    Add(store, report);
  } catch (const core::Error&) {  // They see that the store is lost.
  }
}

std::string ThisHost() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

Membership::Membership(const Options& options, const std::string& address) : options_(options) {
  const std::vector<std::string> records = Exchange(
      "ranks",
      absl::StrCat(options_.size, "\n", options_.backend, "\n", ThisHost(), "\n", address));
  for (int rank = 0; rank < options_.size; ++rank) records_.push_back(Parse(records[rank], rank));
  CheckReports();
}

std::vector<std::string> Membership::Exchange(const std::string& topic, const std::string& value) {
  const auto deadline = steady_clock::now() + options_.timeout;
  options_.store->Set(absl::StrCat(topic, "/", options_.rank), value);
  std::vector<std::string> values(options_.size);
  std::vector<int> missing;
  for (int rank = 0; rank < options_.size; ++rank) {
    std::optional<std::string> found = Await(absl::StrCat(topic, "/", rank), deadline);
    if (found) {
      values[rank] = *std::move(found);
    } else {
      missing.push_back(rank);
    }
  }
  if (!missing.empty()) GiveUpWithout(missing);
  return values;
}

std::optional<std::string> Membership::Await(const std::string& key,
                                             steady_clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    std::optional<std::string> value =
        options_.store->Get(key, std::clamp(left, milliseconds(0), kLookInterval));
    if (value || left <= milliseconds(0)) return value;
    CheckReports();
  }
}

void Membership::CheckReports() {
  for (const Report& report : Reports()) {
    if (report.reason == Reason::kLeft) continue;
    throw core::Error(absl::StrCat(
        "rank ", options_.rank, ": rank ", report.rank,
        " had given up before all had come: ", report.text,
        report.reason == Reason::kTimedOut ? ": start all ranks at the same time" : ""));
  }
}

void Membership::GiveUpWithout(const std::vector<int>& missing) {
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
                                 ": start all ranks with the same world size and rendezvous",
                                 options_.store->Suspicion()));
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
  Add(*options_.store, report);
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
