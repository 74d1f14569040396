#include "experiments/simulation/simulation_table.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/table.h"

namespace experiments {
namespace {

using Align = core::Table::Align;

// In so many units, with three or four digits that say something.
std::string Cell(std::optional<double> figure, double unit) {
  constexpr int kSignificant = 4, kDecimalsMax = 6;
  if (!figure) return "-";
  const double value = *figure / unit;
  if (value <= 0) return "0";
  const int magnitude = static_cast<int>(std::floor(std::log10(value)));
  const int decimals = std::clamp(kSignificant - 1 - magnitude, 0, kDecimalsMax);
  return absl::StrFormat("%.*f", decimals, value);
}

std::string Fixed(std::optional<double> figure, double unit, int decimals) {
  return figure ? absl::StrFormat("%.*f", decimals, *figure / unit) : "-";
}

}  // namespace

std::string FormatTable(std::span<const core::SimulationRow> rows) {
  constexpr double kPercent = 1e-2, kMega = 1e6;
  core::Table table({{"strategy", "", Align::kLeft},
                     {"ranks", "count"},
                     {"workers", "count"},
                     {"step", "s"},
                     {"compute", "s"},
                     {"communication", "s"},
                     {"exposed", "s"},
                     {"throughput", "images/s"},
                     {"efficiency", "%"},
                     {"bottleneck", "", Align::kLeft},
                     {"busy", "%"},
                     {"simulated by", "", Align::kLeft},
                     {"events", "10^6"},
                     {"wall", "s"},
                     {"memory", "MB"}});
  for (const core::SimulationRow& row : rows) {
    table.AddRow({row.strategy, absl::StrCat(row.world_size), absl::StrCat(row.workers),
                  Cell(row.step.total.count(), 1), Cell(row.step.computation.count(), 1),
                  Cell(row.step.communication.count(), 1), Cell(row.step.exposed.count(), 1),
                  Cell(row.images_per_second, 1), Cell(row.efficiency, kPercent),
                  row.bottleneck.value_or("-"), Fixed(row.bottleneck_busy, kPercent, 0), row.method,
                  Fixed(row.events, kMega, 3), Fixed(row.wall_seconds, 1, 2),
                  Fixed(row.memory_bytes, kMega, 0)});
  }
  return table.ToString(0);
}

}  // namespace experiments
