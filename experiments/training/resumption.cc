#include "experiments/training/resumption.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/torch/model/learning_rate.h"
#include "backends/torch/version.h"

namespace experiments {
namespace {

// How many positions a rank tells the others: more than it keeps.
constexpr size_t kTold = 4;

// Flags that change no loss.
constexpr std::string_view kFree[] = {
    "checkpoint_every", "cuda_graph",     "data_dir",   "epochs",
    "interface",        "max_restarts",   "overwrite",  "resume",
    "resume_anyway",    "nproc_per_node", "output_dir", "save",
    "timeout",          "trace",          "weights",    "workers",
};

uint32_t HashFiles(const backends::ImageFolder& folder, uint32_t hash) {
  for (const backends::ImageFile& file : folder.files) {
    // Wherever the data set lies.
    hash =
        Checksum(hash, absl::StrCat(file.path.substr(folder.path.size()), " ", file.label, "\n"));
  }
  return hash;
}

}  // namespace

Settings SettingsOf(const RunOptions& options, const backends::ImageDataset& dataset,
                    int world_size) {
  Settings settings = Describe(options);
  for (const std::string_view name : kFree) settings.erase(std::string(name));
  settings[kWorldSize] = absl::StrCat(world_size);
  settings["libtorch"] = backends::TorchVersion();
  const auto schedule = backends::ParseSchedule(options.learning_rate_schedule);
  // Only then does what is done in an epoch depend on how many there will be.
  if (schedule.ok() && schedule->cosine) settings["epochs"] = absl::StrCat(options.epochs);
  if (!options.synthetic) {
    settings["data"] = absl::StrCat(dataset.training.files.size(), " + ",
                                    dataset.validation.files.size(), " images, hash ",
                                    HashFiles(dataset.validation, HashFiles(dataset.training, 0)));
  }
  return settings;
}

core::Task Resumption::Agree(core::Communicator& communicator,
                             const std::vector<core::Position>& own) {
  const size_t row = 2 * kTold;
  const size_t ranks = static_cast<size_t>(communicator.size());
  gathered_.assign(row * ranks, -1.0);
  double* const mine = gathered_.data() + row * static_cast<size_t>(communicator.rank());
  for (size_t i = 0; i < std::min(kTold, own.size()); ++i) {
    mine[2 * i] = own[i].epoch;
    mine[2 * i + 1] = static_cast<double>(own[i].step);
  }
  core::Work gathering = communicator.AllGather(core::View(gathered_));
  co_await gathering;
  std::map<std::pair<double, double>, size_t> ranks_at;  // How many have it.
  for (size_t i = 0; i < gathered_.size(); i += 2) {
    if (gathered_[i] >= 0) ++ranks_at[{gathered_[i], gathered_[i + 1]}];
  }
  for (const auto& [place, count] : ranks_at) {  // The oldest first.
    if (count < ranks) continue;
    position_ = {static_cast<int>(place.first), static_cast<int64_t>(place.second)};
  }
}

}  // namespace experiments
