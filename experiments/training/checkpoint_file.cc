#include "experiments/training/checkpoint_file.h"

#include <zlib.h>

#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "core/records/safetensors.h"

namespace experiments {
namespace {

constexpr char kSetting[] = "setting.";  // Before the names of settings in the metadata.

// Figures of a Breakdown in a row: those of kStepFigures, then the bytes.
constexpr size_t kRow = std::size(core::kStepFigures) + 1;

// The progress of an epoch as columns.
struct Columns {
  std::vector<double> loss;
  std::vector<int64_t> correct, count;
  std::vector<double> breakdown;  // Row after row.
};

Columns ToColumns(const core::EpochProgress& progress) {
  Columns columns;
  for (const core::StepMetrics& step : progress.metrics) {
    columns.loss.push_back(step.loss);
    columns.correct.push_back(step.correct);
    columns.count.push_back(step.count);
  }
  for (const core::Breakdown& step : progress.breakdowns) {
    for (const core::StepFigure& figure : core::kStepFigures) {
      columns.breakdown.push_back((step.*figure.member).count());
    }
    columns.breakdown.push_back(static_cast<double>(step.bytes));
  }
  return columns;
}

void FromColumns(const Columns& columns, core::EpochProgress& progress) {
  for (size_t i = 0; i < columns.loss.size(); ++i) {
    progress.metrics.push_back({columns.loss[i], columns.correct.at(i), columns.count.at(i)});
  }
  for (size_t row = 0; row + kRow <= columns.breakdown.size(); row += kRow) {
    core::Breakdown& step = progress.breakdowns.emplace_back();
    size_t column = row;
    for (const core::StepFigure& figure : core::kStepFigures) {
      step.*figure.member = core::Duration(columns.breakdown[column++]);
    }
    step.bytes = static_cast<int64_t>(columns.breakdown[column]);
  }
}

// Calls visit(name, type, vector) for every tensor of a file, in the order of the file.
template <typename Saved, typename Cols, typename Visitor>
void Visit(Saved& saved, Cols& columns, const Visitor& visit) {
  visit("parameters", "F32", saved.checkpoint.parameters);
  visit("momentum", "F32", saved.checkpoint.momentum);
  visit("statistics", "F32", saved.checkpoint.statistics.values);
  visit("batches", "I64", saved.checkpoint.statistics.batches);
  visit("loss", "F64", columns.loss);
  visit("correct", "I64", columns.correct);
  visit("count", "I64", columns.count);
  visit("breakdown", "F64", columns.breakdown);
  visit("results", "U8", saved.results);
}

absl::Status Damaged(const std::string& path, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(path, " is damaged: ", what));
}

// Reads one number of the metadata.
template <typename Number>
bool Parse(const std::map<std::string, std::string>& metadata, const char* name, Number& number) {
  const auto found = metadata.find(name);
  if (found == metadata.end()) return false;
  if constexpr (std::is_floating_point_v<Number>) {
    return absl::SimpleAtod(found->second, &number);
  } else {
    return absl::SimpleAtoi(found->second, &number);
  }
}

}  // namespace

uint32_t Checksum(uint32_t sum, std::string_view bytes) {
  if (bytes.empty()) return sum;  // Of no address zlib gives the sum of nothing.
  return static_cast<uint32_t>(
      crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

absl::Status WriteCheckpointFile(const SavedRank& saved, const Settings& settings,
                                 const std::string& path) {
  const Columns columns = ToColumns(saved.checkpoint.progress);
  std::vector<core::TensorView> tensors;
  uint32_t checksum = 0;
  Visit(saved, columns, [&](const char* name, const char* type, const auto& values) {
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()),
                                 values.size() * sizeof(values[0]));
    checksum = Checksum(checksum, bytes);
    tensors.push_back({name, type, {static_cast<int64_t>(values.size())}, bytes});
  });
  std::map<std::string, std::string> metadata;
  metadata["epoch"] = absl::StrCat(saved.checkpoint.position.epoch);
  metadata["step"] = absl::StrCat(saved.checkpoint.position.step);
  metadata["offset"] = absl::StrCat(saved.checkpoint.offset);
  metadata["seconds"] = absl::StrFormat("%.17g", saved.checkpoint.progress.time.count());
  metadata["crc32"] = absl::StrCat(checksum);
  if (saved.best) metadata["best"] = absl::StrFormat("%.17g", *saved.best);
  for (const auto& [name, value] : settings) metadata[kSetting + name] = value;
  return core::WriteSafetensors(metadata, tensors, path);
}

absl::StatusOr<CheckpointFile> ReadCheckpointFile(const std::string& path) {
  const absl::StatusOr<std::string> bytes =
      core::ReadFile(path, std::numeric_limits<int64_t>::max());
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<core::Safetensors> file = core::ParseSafetensors(*bytes);
  if (!file.ok()) return Damaged(path, file.status().message());

  CheckpointFile read;
  Columns columns;
  uint32_t checksum = 0;
  std::string missing;
  std::map<std::string_view, const core::HostTensor*> by_name;
  for (const core::HostTensor& tensor : file->tensors) by_name[tensor.name] = &tensor;
  Visit(read.saved, columns, [&](const char* name, const char* type, auto& values) {
    const auto found = by_name.find(name);
    if (found == by_name.end() || found->second->type != type) {
      missing = name;
      return;
    }
    const std::string& from = found->second->bytes;
    values.resize(from.size() / sizeof(values[0]));
    std::memcpy(values.data(), from.data(), from.size());
    checksum = Checksum(checksum, from);
  });
  if (!missing.empty()) return Damaged(path, absl::StrCat("it has no tensor ", missing));

  core::Checkpoint& checkpoint = read.saved.checkpoint;
  uint32_t expected = 0;
  double seconds = 0;
  const auto& metadata = file->metadata;
  if (!Parse(metadata, "epoch", checkpoint.position.epoch) ||
      !Parse(metadata, "step", checkpoint.position.step) ||
      !Parse(metadata, "offset", checkpoint.offset) || !Parse(metadata, "seconds", seconds) ||
      !Parse(metadata, "crc32", expected)) {
    return Damaged(path, "its metadata are not those of a checkpoint");
  }
  if (checksum != expected) return Damaged(path, "its checksum is not that of its tensors");
  double best = 0;
  if (Parse(metadata, "best", best)) read.saved.best = best;
  FromColumns(columns, checkpoint.progress);
  checkpoint.progress.time = core::Duration(seconds);
  for (const auto& [name, value] : metadata) {
    if (name.starts_with(kSetting)) read.settings[name.substr(std::strlen(kSetting))] = value;
  }
  return read;
}

}  // namespace experiments
