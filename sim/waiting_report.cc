#include "sim/waiting_report.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace sim {
namespace {

// One rank's wait; `kind` is the same for waits that differ in rank and peer only.
struct Wait {
  int rank;
  std::string kind;
  std::string detail;
};

std::vector<Wait> AllWaits(const Network& network, const Collectives& collectives) {
  std::vector<Wait> waits;
  for (const Network::Waiting& half : network.Unmatched()) {
    const bool sends = half.side == Network::Side::kSend;
    waits.push_back({half.rank,
                     std::string(sends ? "sends" : "receives") + " (" +
                         std::string(core::Name(half.kind)) + ") " + std::to_string(half.bytes) +
                         " bytes " + (sends ? "to" : "from"),
                     "rank " + std::to_string(half.peer)});
  }
  for (const Collectives::Missing& call : collectives.Unfinished()) {
    waits.push_back({call.rank,
                     "is in " + std::string(core::Name(call.kind)) + " of " +
                         std::to_string(call.bytes) + " bytes without",
                     "rank " + std::to_string(call.missing)});
  }
  std::stable_sort(waits.begin(), waits.end(),
                   [](const Wait& a, const Wait& b) { return a.rank < b.rank; });
  return waits;
}

}  // namespace

std::string ReportWaiting(const Network& network, const Collectives& collectives,
                          const std::function<int(int rank)>& step_of) {
  std::vector<std::pair<std::string, int>> lines;  // First of its kind, and how many more.
  std::map<std::string, size_t> line_of;
  for (const Wait& wait : AllWaits(network, collectives)) {
    const int step = step_of(wait.rank);
    const std::string when = step < 0 ? "before the first step" : "step " + std::to_string(step);
    const auto [found, added] = line_of.emplace(wait.kind + when, lines.size());
    if (!added) {
      ++lines[found->second].second;
      continue;
    }
    lines.push_back(
        {"rank " + std::to_string(wait.rank) + " (" + when + ") " + wait.kind + " " + wait.detail,
         0});
  }
  std::string report;
  for (const auto& [line, more] : lines) {
    report += (report.empty() ? "" : "; ") + line;
    if (more > 0) report += " and " + std::to_string(more) + " more likewise";
  }
  return report;
}

}  // namespace sim
