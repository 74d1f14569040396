#include "experiments/benchmarks/benchmark_row.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/table.h"

namespace experiments {
namespace {

// One figure of a row, in the table and in the file.
struct Column {
  const char* key;
  const char* heading;
  const char* unit;
  double unit_size;  // What one of the table's units is in those of the field.
  int decimals;
  std::optional<double> BenchmarkRow::*figure;
};

const std::vector<Column>& Columns() {
  static const std::vector<Column> columns = {
      {"images_per_second", "images", "1/s", 1, 1, &BenchmarkRow::images_per_second},
      {"step_seconds", "step", "ms", 1e-3, 0, &BenchmarkRow::step_seconds},
      {"step_spread_seconds", "spread", "ms", 1e-3, 0, &BenchmarkRow::step_spread_seconds},
      {"steps", "steps", "count", 1, 0, &BenchmarkRow::steps},
      {"compute_seconds", "compute", "ms", 1e-3, 0, &BenchmarkRow::compute_seconds},
      {"exposed_seconds", "exposed", "ms", 1e-3, 0, &BenchmarkRow::exposed_seconds},
      {"hidden_seconds", "hidden", "ms", 1e-3, 0, &BenchmarkRow::hidden_seconds},
      {"waiting_seconds", "waiting", "ms", 1e-3, 0, &BenchmarkRow::waiting_seconds},
      {"load_seconds", "load", "ms", 1e-3, 0, &BenchmarkRow::load_seconds},
      {"peak_memory_bytes", "memory", "GB", 1e9, 2, &BenchmarkRow::peak_memory_bytes},
      {"first_step_seconds", "first step", "s", 1, 2, &BenchmarkRow::first_step_seconds},
      {"wrong", "#wrong", "count", 1, 0, &BenchmarkRow::wrong},
      {"other_cores", "others", "cores", 1, 1, &BenchmarkRow::other_cores},
      {"speedup", "speed-up", "x", 1, 2, &BenchmarkRow::speedup},
  };
  return columns;
}

std::vector<std::string> Cells(const BenchmarkRow& row) {
  std::vector<std::string> cells = {row.name, row.program};
  for (const Column& column : Columns()) {
    const std::optional<double>& figure = row.*column.figure;
    cells.push_back(figure ? absl::StrFormat("%.*f", column.decimals, *figure / column.unit_size)
                           : "-");
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
      if (row.*column.figure) object[column.key] = *(row.*column.figure);
    }
    json.push_back(object);
  }
  return json;
}

}  // namespace experiments
