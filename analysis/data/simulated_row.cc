#include "analysis/data/simulated_row.h"

#include "core/base/json_object.h"

namespace analysis {

std::vector<SimulatedRow> ReadSimulatedRows(const std::string& path) {
  core::JsonObject file = core::JsonObject::Read(path);
  std::vector<SimulatedRow> rows;
  for (core::JsonObject& row : file.Objects("rows")) {
    rows.push_back({.strategy = row.Text("strategy"),
                    .training_ranks = row.Count("workers", 1),
                    .server_ranks = row.Count("servers", 0),
                    .images_per_second = row.Number("images_per_second", 0),
                    .step_seconds = row.Number("step_seconds", 0),
                    .communication_seconds = row.Number("communication_seconds", 0),
                    .exposed_seconds = row.Number("exposed_seconds", 0)});
  }
  return rows;
}

}  // namespace analysis
