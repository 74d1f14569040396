#ifndef CORE_RECORDS_TRACE_H_
#define CORE_RECORDS_TRACE_H_

#include <string>
#include <vector>

#include "core/timeline.h"

namespace core {

// The spans of one rank as events of a Chrome trace (Trace Event Format; opens in Perfetto and
// chrome://tracing), separated by commas: computation, communication and loading on a track each, a
// track per message where several are in flight. Times in microseconds.
std::string TraceEvents(int rank, const std::string& name, std::vector<Timeline::Traced> trace);
inline std::string TraceEvents(int rank, const std::string& name, const Timeline& timeline) {
  return TraceEvents(rank, name, timeline.trace());
}

// A whole file out of the ranks' events.
std::string TraceFile(const std::vector<std::string>& events_by_rank);

}  // namespace core

#endif  // CORE_RECORDS_TRACE_H_
