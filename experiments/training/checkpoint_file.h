#ifndef EXPERIMENTS_TRAINING_CHECKPOINT_FILE_H_
#define EXPERIMENTS_TRAINING_CHECKPOINT_FILE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/training/checkpoint.h"

namespace experiments {

// What a checkpoint was made with, by flag or the like, as text.
using Settings = std::map<std::string, std::string>;
inline constexpr char kWorldSize[] = "world_size";  // The one that is always there.

// What one rank keeps.
struct SavedRank {
  core::Checkpoint checkpoint;
  std::string results;         // So far, as they stand in their file; of rank 0.
  std::optional<double> best;  // Validation accuracy so far, percent.
};

struct CheckpointFile {
  SavedRank saved;
  Settings settings;
};

// The CRC-32 of `bytes` that follow others whose sum is `sum`; 0 before the first.
uint32_t Checksum(uint32_t sum, std::string_view bytes);

// A safetensors file: tensors "parameters", "momentum", "statistics", "batches", and of the epoch
// under way, by step, "loss", "correct", "count" and "breakdown"; "results" are bytes. Position,
// settings and a checksum of all tensors are its metadata.
absl::Status WriteCheckpointFile(const SavedRank& saved, const Settings& settings,
                                 const std::string& path);

// An error names the file and what is wrong with it: missing, damaged, of another kind.
absl::StatusOr<CheckpointFile> ReadCheckpointFile(const std::string& path);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_CHECKPOINT_FILE_H_
