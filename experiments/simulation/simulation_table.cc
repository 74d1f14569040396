#include "experiments/simulation/simulation_table.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/base/table.h"

namespace experiments {
namespace {

using core::Fixed;
using Align = core::Table::Align;

// Three or four digits that say something.
std::string Digits(double value) {
  constexpr int kSignificant = 4, kDecimalsMax = 6;
  if (value <= 0) return "0";
  const int magnitude = static_cast<int>(std::floor(std::log10(value)));
  const int decimals = std::clamp(kSignificant - 1 - magnitude, 0, kDecimalsMax);
  return Fixed(value, decimals);
}

std::optional<double> In(double unit, std::optional<double> figure) {
  return figure ? std::optional(*figure / unit) : std::nullopt;
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
                  Digits(row.step.total.count()), Digits(row.step.computation.count()),
                  Digits(row.step.communication.count()), Digits(row.step.exposed.count()),
                  Digits(row.images_per_second), Digits(row.efficiency / kPercent),
                  row.bottleneck.value_or("-"), Fixed(In(kPercent, row.bottleneck_busy), 0),
                  row.method, Fixed(In(kMega, row.events), 3), Fixed(row.wall_seconds, 2),
                  Fixed(In(kMega, row.memory_bytes), 0)});
  }
  return table.ToString(0);
}

}  // namespace experiments
