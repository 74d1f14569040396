#include "experiments/training/checkpoint_folder.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "experiments/training/checkpoint_file.h"

namespace experiments {
namespace {

namespace fs = std::filesystem;

constexpr size_t kKept = 2;

// "epoch-3-step-120"
std::optional<core::Position> ParseName(const std::string& name) {
  core::Position position;
  int end = 0;
  long long step = 0;
  if (std::sscanf(name.c_str(), "epoch-%d-step-%lld%n", &position.epoch, &step, &end) != 2 ||
      end != static_cast<int>(name.size()) || position.epoch < 0 || step < 0) {
    return std::nullopt;
  }
  position.step = step;
  return position;
}

// Says on one line in what two runs differ; empty if in nothing.
std::string Differences(const Settings& ours, const Settings& theirs) {
  std::string text;
  for (const auto& [name, value] : ours) {
    const auto found = theirs.find(name);
    const std::string other = found == theirs.end() ? "nothing" : found->second;
    if (value != other) {
      absl::StrAppend(&text, text.empty() ? "" : "; ", name, ": ", value, " here, ", other,
                      " there");
    }
  }
  return text;
}

// Copies a slice of a flat vector to its place in the whole one.
void Place(const std::vector<float>& slice, int64_t offset, std::vector<float>& all) {
  const size_t end = static_cast<size_t>(offset) + slice.size();
  if (all.size() < end) all.resize(end);
  std::copy(slice.begin(), slice.end(), all.begin() + offset);
}

}  // namespace

std::string CheckpointFolder::FolderOf(core::Position position) const {
  return absl::StrCat(path_, "/epoch-", position.epoch, "-step-", position.step);
}

std::string CheckpointFolder::FileOf(core::Position position, int rank) const {
  return absl::StrCat(FolderOf(position), "/rank-", rank, ".safetensors");
}

std::vector<core::Position> CheckpointFolder::List(int rank) const {
  std::vector<core::Position> positions;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    const auto position = ParseName(entry.path().filename().string());
    if (position && fs::exists(FileOf(*position, rank), error)) positions.push_back(*position);
  }
  std::sort(positions.rbegin(), positions.rend());
  return positions;
}

void CheckpointFolder::KeepNewest(size_t count) const {
  const std::vector<core::Position> positions = List(rank_);
  for (size_t i = count; i < positions.size(); ++i) {
    std::error_code error;
    fs::remove(FileOf(positions[i], rank_), error);
    fs::remove(FolderOf(positions[i]), error);  // Once it is empty.
  }
}

void CheckpointFolder::Write(SavedRank saved) {
  (void)writer_.Finish();
  KeepNewest(kKept);
  const std::string path = FileOf(saved.checkpoint.position, rank_);
  const auto shared = std::make_shared<const SavedRank>(std::move(saved));
  writer_.Run([this, path, shared] { return WriteCheckpointFile(*shared, settings_, path); });
}

void CheckpointFolder::PutAside() const {
  const std::string before = path_ + ".before";
  std::error_code error;
  if (!fs::exists(path_, error)) return;
  fs::remove_all(before, error);
  fs::rename(path_, before, error);  // Another host's rank may have been faster.
}

void CheckpointFolder::Conclude() {
  if (writer_.Finish().ok()) KeepNewest(1);
}

std::vector<core::Position> CheckpointFolder::Find(int rank) const {
  std::vector<core::Position> whole;
  for (const core::Position position : List(rank)) {
    const absl::Status status = ReadCheckpointFile(FileOf(position, rank)).status();
    if (status.ok()) {
      whole.push_back(position);
    } else {
      std::fprintf(stderr, "rank %d: %s; an older checkpoint is looked for\n", rank_,
                   std::string(status.message()).c_str());
    }
  }
  return whole;
}

SavedRank CheckpointFolder::Read(core::Position position) const {
  const std::string path = FileOf(position, rank_);
  CheckpointFile file = core::ValueOrThrow(ReadCheckpointFile(path));
  const std::string differences = Differences(settings_, file.settings);
  if (!differences.empty()) {
    throw core::Error(absl::StrCat(
        "--resume: ", path, " is of another run (", differences,
        "): use the same, or --resume-anyway, which goes on from its parameters and momentum"));
  }
  return std::move(file.saved);
}

SavedRank CheckpointFolder::ReadAnyway(core::Position position) const {
  CheckpointFile first = core::ValueOrThrow(ReadCheckpointFile(FileOf(position, 0)));
  const std::string differences = Differences(settings_, first.settings);
  if (rank_ == 0 && !differences.empty()) {
    std::fprintf(stderr, "--resume-anyway: losses will differ from those of that run (%s)\n",
                 differences.c_str());
  }
  SavedRank whole = std::move(first.saved);
  whole.checkpoint.position.step = 0;
  whole.checkpoint.progress = {};
  int ranks = 1;
  if (!absl::SimpleAtoi(first.settings[kWorldSize], &ranks)) ranks = 1;
  for (int rank = 1; rank < ranks; ++rank) {
    const absl::StatusOr<CheckpointFile> file = ReadCheckpointFile(FileOf(position, rank));
    if (!file.ok()) {
      throw core::Error(absl::StrCat("--resume-anyway needs the files of all ranks of that run: ",
                                     std::string(file.status().message())));
    }
    const core::Checkpoint& part = file->saved.checkpoint;
    Place(part.parameters, part.offset, whole.checkpoint.parameters);
    Place(part.momentum, part.offset, whole.checkpoint.momentum);
    core::ModelStatistics& statistics = whole.checkpoint.statistics;
    if (statistics.values.empty()) statistics = part.statistics;
  }
  return whole;
}

}  // namespace experiments
