#ifndef CORE_BREAKDOWN_H_
#define CORE_BREAKDOWN_H_

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/span.h"

namespace core {

// Where one step's time went. Every figure is the length of a union of spans, so that what happened
// at the same time counts once. A new figure is a member, its row in kStepFigures and its line in
// ComputeBreakdown: totals, results, rows and reports go through the rows.
struct Breakdown {
  Duration total{};          // From the end of the step before to the end of this one.
  Duration load{};           // Waiting for data.
  Duration computation{};    // Forward, backward, update, accumulate.
  Duration communication{};  // Anything in flight.
  Duration exposed{};        // The part of communication during which nothing was computed.
  Duration hidden{};         // The rest of it.
  Duration pull{};
  Duration push{};
  // What communication lasts longer than the fastest training rank's; not a number where ranks were
  // not compared, as in the breakdown of a single one.
  Duration waiting{std::numeric_limits<double>::quiet_NaN()};
  int64_t bytes = 0;  // Sum over communications.

  Breakdown& operator+=(const Breakdown& other);
  Breakdown& operator/=(int64_t count);
};

struct StepFigure {
  const char* name;   // In results files.
  const char* title;  // In tables.
  Duration Breakdown::*member;

  // In files of rows: "exposed_seconds".
  std::string key() const { return std::string(title) + "_seconds"; }
};
inline constexpr StepFigure kStepFigures[] = {
    {"total", "step", &Breakdown::total},
    {"load", "load", &Breakdown::load},
    {"computation", "compute", &Breakdown::computation},
    {"communication", "communication", &Breakdown::communication},
    {"exposed", "exposed", &Breakdown::exposed},
    {"hidden", "hidden", &Breakdown::hidden},
    {"pull", "pull", &Breakdown::pull},
    {"push", "push", &Breakdown::push},
    {"waiting", "waiting", &Breakdown::waiting},
};

// `spans` of one step that took `total`. Pure: the one definition of these figures for all worlds.
Breakdown ComputeBreakdown(std::vector<Span> spans, Duration total);

// Zero of nothing.
Breakdown Mean(std::span<const Breakdown> breakdowns);

}  // namespace core

#endif  // CORE_BREAKDOWN_H_
