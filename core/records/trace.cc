#include "core/records/trace.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"

namespace core {
namespace {

// Viewers draw spans that overlap on one track wrongly, so each goes to the first track of its
// group that is free.
class Tracks {
 public:
  explicit Tracks(int first) : first_(first) {}
  int Take(const Span& span) {
    auto free =
        std::find_if(ends_.begin(), ends_.end(), [&](Duration end) { return end <= span.start; });
    if (free == ends_.end()) free = ends_.insert(ends_.end(), Duration{});
    *free = span.end;
    return first_ + static_cast<int>(free - ends_.begin());
  }
  int first() const { return first_; }
  int count() const { return static_cast<int>(ends_.size()); }

 private:
  const int first_;
  std::vector<Duration> ends_;
};

std::string Name(int rank, const char* what, int thread, const std::string& name) {
  return nlohmann::json{
      {"ph", "M"}, {"pid", rank}, {"tid", thread}, {"name", what}, {"args", {{"name", name}}}}
      .dump();
}

}  // namespace

std::string TraceEvents(int rank, const std::string& name, std::vector<Timeline::Traced> trace) {
  Tracks computation(0), loading(100), communication(200);
  std::stable_sort(trace.begin(), trace.end(),
                   [](const auto& a, const auto& b) { return a.span.start < b.span.start; });
  std::vector<std::string> events = {Name(rank, "process_name", 0, name)};
  for (const auto& [step, span] : trace) {
    Tracks& tracks = IsCommunication(span.kind) ? communication
                     : IsComputation(span.kind) ? computation
                                                : loading;
    events.push_back(absl::StrFormat(
        R"({"ph":"X","pid":%d,"tid":%d,"name":"%s","ts":%.3f,"dur":%.3f,)"
        R"("args":{"step":%d,"bytes":%d}})",
        rank, tracks.Take(span), std::string(Name(span.kind)), 1e6 * span.start.count(),
        1e6 * (span.end - span.start).count(), step, span.bytes));
  }
  for (const auto& [tracks, title] :
       {std::pair(&computation, "computation"), std::pair(&loading, "loading"),
        std::pair(&communication, "communication")}) {
    for (int i = 0; i < tracks->count(); ++i) {
      events.push_back(Name(rank, "thread_name", tracks->first() + i, title));
    }
  }
  return absl::StrJoin(events, ",\n");
}

std::string TraceFile(const std::vector<std::string>& events_by_rank) {
  return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + absl::StrJoin(events_by_rank, ",\n") +
         "\n]}\n";
}

}  // namespace core
