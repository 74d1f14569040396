#include "experiments/training/run_record.h"

#include <sys/utsname.h>

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "experiments/common/commit.h"
#include "experiments/common/host_info.h"

namespace experiments {
namespace {

std::string LocalTime() {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::Now(), absl::LocalTimeZone());
}

}  // namespace

RunRecord::RunRecord(const RunOptions& options, int world_size)
    : path_(absl::StrCat(options.output_dir, "/", options.entry().results_file)) {
  results_.method = absl::StrCat(options.entry().title, " (Lockstep)");
  results_.strategy = options.strategy;
  results_.world_size = world_size;
  const int training = TrainingRanks(options, world_size);
  if (training < world_size) results_.num_workers = training;
  results_.batch_size = options.batch_size;
  results_.start_time = LocalTime();
  results_.configuration = Describe(options);
  results_.configuration["commit"] = Commit();
  utsname system;
  if (uname(&system) == 0) {
    results_.configuration["host"] = system.nodename;
    results_.configuration["system"] = absl::StrCat(system.sysname, " ", system.release);
  }
  results_.configuration["processor"] = ProcessorName();
  results_.configuration["cores"] = absl::StrCat(std::thread::hardware_concurrency());
}

void RunRecord::AddEpoch(const core::EpochRecord& record) {
  results_.epochs.push_back(record.result);
  results_.all_losses.insert(results_.all_losses.end(), record.losses.begin(), record.losses.end());
  results_.step_times.insert(results_.step_times.end(), record.step_times.begin(),
                             record.step_times.end());
}

void RunRecord::Resume(const std::string& text) {
  core::Results earlier = core::ValueOrThrow(core::ParseResults(text, "the checkpoint's results"));
  results_.start_time = earlier.start_time;
  results_.epochs = std::move(earlier.epochs);
  results_.all_losses = std::move(earlier.all_losses);
  results_.step_times = std::move(earlier.step_times);
  results_.startup_seconds = earlier.startup_seconds;
  results_.skipped_images = std::move(earlier.skipped_images);
  std::string& resumed = results_.configuration["resumed"];
  resumed = earlier.configuration["resumed"];
  absl::StrAppend(&resumed, resumed.empty() ? "" : ", ", LocalTime());
}

absl::Status RunRecord::WritePartial() {
  return results_.epochs.empty() ? absl::OkStatus() : Write(true);
}

absl::Status RunRecord::WriteComplete() { return Write(false); }

absl::Status RunRecord::Write(bool partial) {
  results_.partial = partial;
  results_.end_time = LocalTime();
  core::Summarize(results_);
  return core::WriteResults(results_, path_);
}

}  // namespace experiments
