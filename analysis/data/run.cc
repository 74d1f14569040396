#include "analysis/data/run.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analysis/data/load.h"
#include "core/base/json_object.h"
#include "core/base/statistics.h"
#include "core/base/table.h"
#include "core/records/fields.h"

namespace analysis {
namespace {

constexpr int kNameColumns = 40;

// Whether text has characters before U+0800 only: Latin, Greek, Cyrillic and the like. Where a font
// lacks a character, gnuplot's pictures can be spoilt altogether.
bool IsDrawable(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0xe0;  // Leads three bytes of UTF-8, or four.
  });
}

std::optional<double> FromSummary(const core::Results& results, const char* key) {
  const auto found = results.summary.find(key);
  return found != results.summary.end() ? std::optional(found->second) : std::nullopt;
}

// Of a file that the program `simulate` wrote.
std::vector<core::SimulationRow> ReadSimulatedRows(const std::string& path) {
  core::JsonObject file = core::JsonObject::Read(path);
  std::vector<core::SimulationRow> rows;
  for (core::JsonObject& row : file.Objects("rows")) {
    core::FieldReader::ReadRecord(row, rows.emplace_back());
  }
  return rows;
}

}  // namespace

Figures FiguresOf(const core::Results& results) {
  Figures figures;
  // Some scripts call their loader's threads num_workers too.
  const bool has_servers = results.num_workers.value_or(results.world_size) < results.world_size;
  figures.training_ranks = has_servers ? *results.num_workers : results.world_size;
  figures.server_ranks = results.world_size - figures.training_ranks;
  figures.images_per_second = FromSummary(results, "avg_train_throughput");
  figures.epoch_seconds = FromSummary(results, "avg_train_time_per_epoch");
  figures.step_seconds = core::MeanOf(results.epochs, [](const core::EpochResult& epoch) {
    return epoch.avg_batch_time > 0 ? std::optional(epoch.avg_batch_time) : std::nullopt;
  });
  figures.breakdown = core::MeanOf(results.epochs, &core::EpochResult::breakdown);
  if (figures.breakdown) {
    figures.communication_seconds = figures.breakdown->communication.count();
    figures.exposed_seconds = figures.breakdown->exposed.count();
  }
  figures.pull_seconds = FromSummary(results, "avg_comm_time_pull");
  figures.push_seconds = FromSummary(results, "avg_comm_time_push");
  if (!figures.communication_seconds) {
    figures.communication_seconds = FromSummary(results, "avg_comm_time");
  }
  if (!figures.communication_seconds && figures.pull_seconds && figures.push_seconds) {
    figures.communication_seconds = *figures.pull_seconds + *figures.push_seconds;
  }
  figures.best_accuracy = results.best_accuracy;
  if (!figures.best_accuracy) figures.best_accuracy = FromSummary(results, "best_val_accuracy");
  figures.validated = figures.best_accuracy.has_value();
  if (!figures.validated) figures.best_accuracy = FromSummary(results, "final_train_accuracy");
  return figures;
}

absl::StatusOr<Runs> LoadRuns(const std::string& directory,
                              std::span<const core::StrategyEntry> strategies) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    return absl::NotFoundError(absl::StrCat("there is no folder ", directory,
                                            ": name the one that a run left its results in by "
                                            "--results, or run //experiments:run_all first"));
  }
  Runs found;
  for (size_t i = 0; i < strategies.size(); ++i) {
    const char* const file = strategies[i].results_file;
    const std::string path = std::filesystem::path(directory) / file;
    if (std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found) {
      found.missing.emplace_back(file);
      continue;
    }
    absl::StatusOr<core::Results> results = core::ReadResults(path);
    if (!results.ok()) {
      found.malformed.emplace_back(results.status().message());
      continue;
    }
    Run run = {.file = file, .order = static_cast<int>(i)};
    const char* const title = strategies[i].title;
    run.name = core::Shortened(results->method.empty() ? title : results->method, kNameColumns);
    run.plot_name = IsDrawable(run.name) ? run.name : title;
    run.results = *std::move(results);
    run.figures = FiguresOf(run.results);
    found.runs.push_back(std::move(run));
  }
  const auto simulated = LoadIfThere(directory, "simulated.json", ReadSimulatedRows);
  if (!simulated.ok()) found.malformed.emplace_back(simulated.status().message());
  if (simulated.ok() && *simulated) found.simulated = **simulated;
  if (!found.runs.empty()) return found;
  if (!found.malformed.empty()) return absl::DataLossError(absl::StrJoin(found.malformed, "; "));
  return absl::NotFoundError(absl::StrCat("there are no results in ", directory, ": looked for ",
                                          absl::StrJoin(found.missing, ", "),
                                          "; run //experiments:run_all first"));
}

}  // namespace analysis
