#include "experiments/simulation/simulation_row.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/table.h"

namespace experiments {
namespace {

using Align = core::Table::Align;

struct Text {
  const char* key;
  std::string SimulationRow::*text;
};
constexpr Text kTexts[] = {{"strategy", &SimulationRow::strategy},
                           {"method", &SimulationRow::method},
                           {"bottleneck", &SimulationRow::bottleneck},
                           {"bottleneck_sentence", &SimulationRow::bottleneck_sentence},
                           {"busiest_link", &SimulationRow::busiest_link}};

struct Count {
  const char* key;
  int SimulationRow::*count;
};
constexpr Count kCounts[] = {{"world_size", &SimulationRow::world_size},
                             {"workers", &SimulationRow::workers},
                             {"servers", &SimulationRow::servers}};

struct Figure {
  const char* key;
  std::optional<double> SimulationRow::*figure;
};
constexpr Figure kFigures[] = {
    {"serve_seconds", &SimulationRow::serve_seconds},
    {"images_per_second", &SimulationRow::images_per_second},
    {"efficiency", &SimulationRow::efficiency},
    {"bottleneck_busy", &SimulationRow::bottleneck_busy},
    {"link_busy", &SimulationRow::link_busy},
    {"link_bytes", &SimulationRow::link_bytes},
    {"events", &SimulationRow::events},
    {"messages", &SimulationRow::messages},
    {"wall_seconds", &SimulationRow::wall_seconds},
    {"memory_bytes", &SimulationRow::memory_bytes},
};

// In so many units, with three or four digits that say something.
std::string Cell(const std::optional<double>& figure, double unit) {
  constexpr int kSignificant = 4, kDecimalsMax = 6;
  if (!figure) return "-";
  const double value = *figure / unit;
  if (value <= 0) return "0";
  const int magnitude = static_cast<int>(std::floor(std::log10(value)));
  const int decimals = std::clamp(kSignificant - 1 - magnitude, 0, kDecimalsMax);
  return absl::StrFormat("%.*f", decimals, value);
}

std::string Fixed(const std::optional<double>& figure, double unit, int decimals) {
  return figure ? absl::StrFormat("%.*f", decimals, *figure / unit) : "-";
}

}  // namespace

std::string FormatTable(std::span<const SimulationRow> rows) {
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
  for (const SimulationRow& row : rows) {
    table.AddRow({row.strategy, absl::StrCat(row.world_size), absl::StrCat(row.workers),
                  Cell(row.step.total.count(), 1), Cell(row.step.computation.count(), 1),
                  Cell(row.step.communication.count(), 1), Cell(row.step.exposed.count(), 1),
                  Cell(row.images_per_second, 1), Cell(row.efficiency, kPercent),
                  row.bottleneck.empty() ? "-" : row.bottleneck,
                  Fixed(row.bottleneck_busy, kPercent, 0), row.method, Fixed(row.events, kMega, 3),
                  Fixed(row.wall_seconds, 1, 2), Fixed(row.memory_bytes, kMega, 0)});
  }
  return table.ToString(0);
}

nlohmann::ordered_json ToJson(const SimulationRow& row) {
  nlohmann::ordered_json json;
  for (const Text& field : kTexts) {
    if (!(row.*field.text).empty()) json[field.key] = row.*field.text;
  }
  for (const Count& field : kCounts) json[field.key] = row.*field.count;
  for (const core::StepFigure& figure : core::kStepFigures) {
    const double seconds = (row.step.*figure.member).count();
    if (!std::isnan(seconds)) json[figure.key()] = seconds;
  }
  for (const Figure& field : kFigures) {
    if (row.*field.figure) json[field.key] = *(row.*field.figure);
  }
  return json;
}

SimulationRow SimulationRowFrom(const nlohmann::ordered_json& json) {
  SimulationRow row;
  for (const Text& field : kTexts) row.*field.text = json.value(field.key, std::string());
  for (const Count& field : kCounts) row.*field.count = json.at(field.key);
  for (const core::StepFigure& figure : core::kStepFigures) {
    if (!json.contains(figure.key())) continue;
    row.step.*figure.member = core::Duration(json.at(figure.key()).get<double>());
  }
  for (const Figure& field : kFigures) {
    if (json.contains(field.key)) row.*field.figure = json.at(field.key).get<double>();
  }
  return row;
}

}  // namespace experiments
