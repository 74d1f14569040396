#include "experiments/training/train_rank.h"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "backends/steady_clock.h"
#include "backends/torch/engine/torch_replica.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/records/trace.h"
#include "core/training/train.h"
#include "experiments/training/checkpoint_folder.h"
#include "experiments/training/gather_text.h"
#include "experiments/training/interruption.h"
#include "experiments/training/output_folder.h"
#include "experiments/training/progress.h"
#include "experiments/training/rank_data.h"
#include "experiments/training/resumption.h"
#include "experiments/training/run_observer.h"
#include "experiments/training/run_record.h"

namespace experiments {
namespace {

backends::TorchReplica::Options ReplicaOptions(const RunOptions& options, int classes,
                                               backends::Accelerator* accelerator) {
  return {.num_classes = classes,
          .zero_init_residual = options.zero_init_residual,
          .seed = options.seed,
          .weights = options.weights,
          .new_classifier = options.new_classifier,
          .precision = options.precision == "bf16" ? backends::Precision::kBfloat16
                                                   : backends::Precision::kFloat32,
          .threads = options.threads,
          .label_smoothing = options.label_smoothing,
          .learning_rate = options.learning_rate,
          .schedule = *backends::ParseSchedule(options.learning_rate_schedule),
          .epochs = options.epochs,
          .momentum = options.momentum,
          .weight_decay = options.weight_decay,
          .accelerator = accelerator,
          .cuda_graph = options.cuda_graph};
}

// What only all ranks together know. It outlives the communicator.
struct Conclusion {
  core::Task Gather(core::Communicator& communicator, const RankData& data,
                    const core::Timeline& timeline, bool tracing) {
    co_await skipped.Run(communicator, absl::StrJoin(data.skipped(), "\n"));
    co_await memory.Run(communicator, absl::StrCat(core::PeakMemoryBytes()));
    if (!tracing) co_return;
    const int rank = communicator.rank();
    co_await traces.Run(communicator,
                        core::TraceEvents(rank, absl::StrCat("rank ", rank), timeline));
  }

  void Record(core::Results& results) const {
    for (const std::string& paths : skipped.texts()) {
      for (absl::string_view path : absl::StrSplit(paths, '\n', absl::SkipEmpty())) {
        results.skipped_images.emplace_back(path);
      }
    }
    results.peak_memory_bytes.clear();
    for (const std::string& bytes : memory.texts()) {
      results.peak_memory_bytes.push_back(std::stod(bytes));
    }
  }

  TextGathering skipped, memory, traces;
};

// What an earlier start of the run left to this rank, where all ranks have it; empty if it begins
// anew, for which what is in the way is put aside.
std::optional<SavedRank> FindStart(const RunOptions& options, const RankEnvironment& environment,
                                   core::Communicator& communicator,
                                   const CheckpointFolder& checkpoints, Resumption& resumption) {
  std::vector<core::Position> own;
  if (options.resume) own = checkpoints.Find(options.resume_anyway ? 0 : environment.rank);
  core::RunToEnd(resumption.Agree(communicator, own));
  const std::optional<core::Position> position = resumption.position();
  if (position) {
    SavedRank saved =
        options.resume_anyway ? checkpoints.ReadAnyway(*position) : checkpoints.Read(*position);
    if (environment.rank == 0) {
      const core::Position from = saved.checkpoint.position;
      std::printf("%s: resumed after %d epochs and %lld steps\n", options.strategy.c_str(),
                  from.epoch, static_cast<long long>(from.step));
    }
    return saved;
  }
  if (environment.rank == 0) {
    if (options.resume) {
      std::printf("%s: no checkpoint of all ranks in %s: from the start\n",
                  options.strategy.c_str(), CheckpointPath(options).c_str());
    }
    if (!options.overwrite) KeepEarlierResults(options);
  }
  if (environment.local_rank == 0 && options.checkpoint_every != 0) checkpoints.PutAside();
  return std::nullopt;
}

// Of rank 0: what it shows and writes. Made before others wait for it: it asks git for the commit.
struct Report {
  Report(const RunOptions& options, int world_size, int64_t steps_per_epoch, int workers)
      : record(options, world_size),
        progress(options.strategy,
                 {options.epochs, steps_per_epoch, int64_t{options.batch_size} * workers},
                 isatty(STDOUT_FILENO) == 1) {}

  RunRecord record;
  Progress progress;
};

// Writes what a complete run leaves. One that fails keeps none of the others from being written.
absl::Status WriteAll(const RunOptions& options, RunRecord* record, const Conclusion& conclusion,
                      RunObserver& observer, CheckpointFolder& checkpoints) {
  absl::Status status;
  if (record != nullptr) {
    conclusion.Record(record->results());
    status.Update(record->WriteComplete());
    if (!options.trace.empty()) {
      status.Update(core::WriteFile(options.trace, core::TraceFile(conclusion.traces.texts())));
    }
  }
  status.Update(observer.Finish());
  checkpoints.Conclude();
  return status;
}

int EndStopped(const RunOptions& options, RunRecord* record) {
  if (record == nullptr) return kStoppedCode;
  const absl::Status written = record->WritePartial();
  std::printf("%s: stopped with a checkpoint in %s: the same command with --resume goes on\n",
              options.strategy.c_str(), CheckpointPath(options).c_str());
  core::ThrowIfError(written);
  return kStoppedCode;
}

}  // namespace

std::unique_ptr<backends::TorchReplica> MakeResNet50Replica(
    int /*rank*/, const backends::TorchReplica::Options& options, backends::BatchSource* training,
    backends::BatchSource* validation, core::Timeline* timeline) {
  return backends::MakeTorchReplica(options, training, validation, timeline);
}

int RunRank(const RunOptions& options, const RankEnvironment& environment, backends::Store& store,
            const backends::ImageDataset& dataset, const MakeReplica& make_replica,
            Arrival& arrival) {
  const std::unique_ptr<core::Strategy> strategy = *options.entry().make(options.strategy_options);
  const core::Roles roles = strategy->roles(environment.world_size);
  const int rank = environment.rank;

  const backends::SteadyClock clock;
  core::Timeline timeline(clock, !options.trace.empty());
  RankData data(options, dataset, roles, rank);
  const int classes = options.synthetic ? backends::SyntheticSource::kClasses
                                        : static_cast<int>(dataset.training.classes.size());
  const std::unique_ptr<backends::Accelerator> accelerator =
      OpenAccelerator(options, environment, clock);
  if (accelerator) timeline.Defer(&accelerator->spans);
  const std::unique_ptr<backends::TorchReplica> replica =
      make_replica(rank, ReplicaOptions(options, classes, accelerator.get()),
                   roles.trains(rank) ? data.training() : nullptr, data.validation(), &timeline);
  std::optional<Report> report;
  if (rank == 0) {
    report.emplace(options, environment.world_size, data.steps_per_epoch(), roles.workers);
  }
  RunRecord* const record = report ? &report->record : nullptr;
  CheckpointFolder checkpoints(CheckpointPath(options), rank,
                               SettingsOf(options, dataset, environment.world_size));

  // What messages may still be written to when something fails outlives the communicator.
  Resumption resumption;
  Conclusion conclusion;
  std::optional<RunObserver> observer;
  std::optional<core::Trainer> trainer;
  arrival = Arrival::kMeeting;
  const std::unique_ptr<core::Communicator> communicator =
      Connect(options, environment, store, timeline, accelerator.get());
  arrival = Arrival::kConnected;

  std::optional<SavedRank> start =
      FindStart(options, environment, *communicator, checkpoints, resumption);
  if (start && record != nullptr) record->Resume(start->results);
  std::optional<core::Checkpoint> resume;
  if (start) resume = std::move(start->checkpoint);
  observer.emplace(
      RunObserver::Parts{
          .options = options,
          .steps_per_epoch = data.steps_per_epoch(),
          .replica = *replica,
          .checkpoints = checkpoints,
          .record = record,
          .progress = report ? &report->progress : nullptr,
          .saves_weights = rank == roles.first_worker(),
          .command = environment.master_address.empty() ? getppid() : getpid(),
      },
      start ? start->best : std::nullopt);
  trainer.emplace(*strategy, *replica, timeline,
                  core::TrainOptions{.epochs = options.epochs,
                                     .steps_per_epoch = data.steps_per_epoch(),
                                     .validation_batches = data.validation_batches(),
                                     .resume = std::move(resume)},
                  *observer);
  core::Worker worker{*communicator, *replica};
  CatchInterruptions();  // Until here they end the process at once.
  try {
    core::RunToEnd(trainer->Run(worker));
    if (!observer->stopped()) {
      core::RunToEnd(
          conclusion.Gather(*communicator, data, timeline, /*tracing=*/!options.trace.empty()));
    }
  } catch (const std::exception&) {
    if (record != nullptr) (void)record->WritePartial();
    throw;
  }
  if (observer->stopped()) return EndStopped(options, record);
  core::ThrowIfError(WriteAll(options, record, conclusion, *observer, checkpoints));
  return 0;
}

}  // namespace experiments
