#include "experiments/benchmarks/benchmark_row.h"

#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "core/base/table.h"

namespace experiments {
namespace {

// One figure of a row, in the table and in the file.
struct Column {
  std::string key;
  const char* heading;
  const char* unit;
  double unit_size;  // What one of the table's units is in those of the field.
  int decimals;
  std::function<std::optional<double>(const BenchmarkRow&)> figure;
};

std::vector<Column> MakeColumns() {
  std::vector<Column> columns = {
      {"images_per_second", "images", "1/s", 1, 1, &BenchmarkRow::images_per_second},
      {"step_seconds", "step", "ms", 1e-3, 0, &BenchmarkRow::step_seconds},
      {"step_spread_seconds", "spread", "ms", 1e-3, 0, &BenchmarkRow::step_spread_seconds},
      {"steps", "steps", "count", 1, 0, &BenchmarkRow::steps},
      {"peak_memory_bytes", "memory", "GB", 1e9, 2, &BenchmarkRow::peak_memory_bytes},
      {"first_step_seconds", "first step", "s", 1, 2, &BenchmarkRow::first_step_seconds},
      {"wrong", "#wrong", "count", 1, 0, &BenchmarkRow::wrong},
      {"other_cores", "others", "cores", 1, 1, &BenchmarkRow::other_cores},
      {"speedup", "speed-up", "x", 1, 2, &BenchmarkRow::speedup},
  };
  for (const core::StepFigure& figure : core::kStepFigures) {
    if (figure.member == &core::Breakdown::total) continue;  // The median stands for it.
    columns.push_back({figure.key(), figure.title, "ms", 1e-3, 0,
                       [&figure](const BenchmarkRow& row) -> std::optional<double> {
                         if (!row.breakdown) return std::nullopt;
                         const double seconds = (*row.breakdown.*figure.member).count();
                         return std::isnan(seconds) ? std::nullopt : std::optional(seconds);
                       }});
  }
  return columns;
}

const std::vector<Column>& Columns() {
  static const auto& columns = *new std::vector<Column>(MakeColumns());
  return columns;
}

std::vector<std::string> Cells(const BenchmarkRow& row) {
  std::vector<std::string> cells = {row.name, row.program};
  for (const Column& column : Columns()) {
    std::optional<double> figure = column.figure(row);
    if (figure) *figure /= column.unit_size;
    cells.push_back(core::Fixed(figure, column.decimals));
  }
  return cells;
}

}  // namespace

std::string FormatTable(std::span<const BenchmarkRow> rows) {
  using Align = core::Table::Align;
  std::vector<core::Table::Column> columns = {{"case", "", Align::kLeft},
                                              {"program", "", Align::kLeft}};
  for (const Column& column : Columns()) columns.push_back({column.heading, column.unit});
  core::Table table(std::move(columns));
  for (const BenchmarkRow& row : rows) table.AddRow(Cells(row));
  return table.ToString(0);
}

nlohmann::json ToJson(std::span<const BenchmarkRow> rows) {
  nlohmann::json json = nlohmann::json::array();
  for (const BenchmarkRow& row : rows) {
    nlohmann::json object = {{"name", row.name}, {"program", row.program}};
    for (const Column& column : Columns()) {
      if (const auto figure = column.figure(row)) object[column.key] = *figure;
    }
    json.push_back(object);
  }
  return json;
}

}  // namespace experiments
