#ifndef EXPERIMENTS_TRAINING_CHECKPOINT_FOLDER_H_
#define EXPERIMENTS_TRAINING_CHECKPOINT_FOLDER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/training/checkpoint.h"
#include "experiments/training/background_writer.h"
#include "experiments/training/checkpoint_file.h"

namespace experiments {

// The checkpoints of a run: in a folder for each position a safetensors file for each rank, with
// what only that rank has. Files are whole or not there, and carry a checksum of their tensors.
class CheckpointFolder {
 public:
  // Makes nothing before the first Write.
  CheckpointFolder(std::string path, int rank, Settings settings)
      : path_(std::move(path)), rank_(rank), settings_(std::move(settings)) {}

  // Writes beside the caller, once the one before has been written; then all but the newest two
  // go. (Not earlier: another rank may still be writing the one before, and then has the one before
  // that.) A file that cannot be written is said on stderr, and training goes on.
  void Write(SavedRank saved);
  // Of what is being written, after its end.
  absl::Status Finish() { return writer_.Finish(); }

  // Where `rank` has checkpoints that can be read whole, the newest first. What is damaged is said
  // on stderr and left out.
  std::vector<core::Position> Find(int rank) const;

  // This rank's. Throws core::Error that names a setting that differs, with both values.
  SavedRank Read(core::Position position) const;
  // Put together from those of all ranks, whatever their number and settings, of which rank 0 says
  // what differs; from the beginning of the epoch. Throws core::Error if a part is missing.
  SavedRank ReadAnyway(core::Position position) const;

  // Puts what is there beside, under the name "PATH.before", where it takes the place of what was
  // put there earlier: a run begins that does not go on from it. One rank of each host calls it.
  void PutAside() const;
  // The run is complete: removes all but the newest.
  void Conclude();

 private:
  std::string FolderOf(core::Position position) const;
  std::string FileOf(core::Position position, int rank) const;
  std::vector<core::Position> List(int rank) const;
  void KeepNewest(size_t count) const;

  const std::string path_;
  const int rank_;
  const Settings settings_;
  BackgroundWriter writer_;
};

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_CHECKPOINT_FOLDER_H_
