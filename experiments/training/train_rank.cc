#include "experiments/training/train_rank.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "backends/cuda/accelerator.h"
#include "backends/cuda/cuda_device.h"
#include "backends/cuda/staged_communicator.h"
#include "backends/gloo/gloo_communicator.h"
#include "backends/images/image_loader.h"
#include "backends/images/synthetic_source.h"
#include "backends/nccl/nccl_communicator.h"
#include "backends/rendezvous/file_store.h"
#include "backends/rendezvous/tcp_store.h"
#include "backends/steady_clock.h"
#include "backends/torch/engine/torch_replica.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/records/trace.h"
#include "core/strategies/strategies.h"
#include "core/training/train.h"
#include "experiments/common/host_info.h"
#include "experiments/training/gather_text.h"
#include "experiments/training/interruption.h"
#include "experiments/training/progress.h"
#include "experiments/training/run_record.h"

namespace experiments {
namespace {

// The minibatches of one rank.
class Data {
 public:
  Data(const RunOptions& options, const backends::ImageDataset& dataset, const core::Roles& roles,
       int rank) {
    const bool trains = roles.trains(rank);
    const int shard = trains ? roles.shard(rank) : 0;
    if (options.synthetic) {
      steps_ = 10;
      if (trains) {
        synthetic_.emplace(options.batch_size, options.image_size, options.seed + shard,
                           /*bytes=*/options.device == "cuda");
      }
      return;
    }
    backends::ImageLoaderOptions loading;
    loading.batch_size = options.batch_size;
    loading.image_size = options.image_size;
    loading.workers = trains ? options.workers : 0;
    loading.seed = options.seed;
    loading.rank = shard;
    loading.ranks = roles.workers;
    loading.scaled_decoding = options.scaled_decoding;
    loading.bytes = options.device == "cuda";
    loading.on_skip = [](const backends::SkippedImage& skipped) {
      std::fprintf(stderr, "skipped %s: %s\n", skipped.path.c_str(), skipped.reason.c_str());
    };
    training_.emplace(dataset.training, loading);
    steps_ = training_->batches_per_epoch();
    if (!trains) return;
    loading.split = backends::Split::kValidation;
    validation_.emplace(dataset.validation, loading);
  }

  int64_t steps_per_epoch() const { return steps_; }
  backends::BatchSource* training() {
    if (synthetic_) return &*synthetic_;
    return training_ ? &*training_ : nullptr;
  }
  backends::BatchSource* validation() { return validation_ ? &*validation_ : nullptr; }
  std::vector<std::string> skipped() const {
    std::vector<std::string> paths;
    for (const auto* loader : {&training_, &validation_}) {
      if (!*loader) continue;
      for (const backends::SkippedImage& image : (*loader)->skipped()) paths.push_back(image.path);
    }
    return paths;
  }

 private:
  int64_t steps_ = 0;
  std::optional<backends::SyntheticSource> synthetic_;
  std::optional<backends::ImageLoader> training_;
  std::optional<backends::ImageLoader> validation_;
};

// Rank 0 shows and writes; the others only listen to signals.
class Observer : public core::TrainObserver {
 public:
  Observer(RunRecord* record, Progress* progress, pid_t command)
      : record_(record), progress_(progress), command_(command) {}

  void OnStep(int epoch, int64_t step) override {
    StopIfInterrupted();
    if (record_ == nullptr) return;
    auto& startup = record_->results().startup_seconds;
    if (!startup) startup = SecondsSinceStart(command_);
    progress_->OnStep(epoch, step);
  }

  void OnEpoch(const core::EpochRecord& epoch) override {
    if (record_ == nullptr) return;
    progress_->OnEpoch(epoch);
    record_->AddEpoch(epoch);
    record_->WritePartial();
  }

 private:
  RunRecord* const record_;
  Progress* const progress_;
  const pid_t command_;
};

std::unique_ptr<backends::Store> OpenStore(const RunOptions& options,
                                           const RankEnvironment& environment,
                                           const std::string& meeting_folder) {
  if (!meeting_folder.empty()) return backends::OpenFileStore(meeting_folder);
  return backends::ConnectTcpStore({.host = environment.master_address,
                                    .port = environment.master_port,
                                    .serve = environment.rank == 0 && !environment.agent_store,
                                    .prefix = absl::StrCat("lockstep/", environment.restart_count),
                                    .timeout = options.timeout});
}

// The GPU of this rank: ranks of a host take them in turn.
std::unique_ptr<backends::Accelerator> OpenAccelerator(const RunOptions& options,
                                                       const RankEnvironment& environment,
                                                       const core::Clock& clock) {
  if (options.device == "cpu") return nullptr;
  const int count = std::max(1, backends::FindCudaDevices().count);
  return std::make_unique<backends::Accelerator>(
      backends::OpenCudaDevice(environment.local_rank % count), clock);
}

std::unique_ptr<core::Communicator> Connect(const RunOptions& options,
                                            const RankEnvironment& environment,
                                            backends::Store& store, core::Timeline& timeline,
                                            backends::Accelerator* accelerator) {
  if (options.backend == "nccl") {
    return backends::ConnectNccl({.rank = environment.rank,
                                  .size = environment.world_size,
                                  .store = &store,
                                  .timeout = options.timeout,
                                  .device = accelerator->device.get(),
                                  .order = &accelerator->order,
                                  .spans = &accelerator->spans});
  }
  std::unique_ptr<core::Communicator> gloo = backends::ConnectGloo({.rank = environment.rank,
                                                                    .size = environment.world_size,
                                                                    .store = &store,
                                                                    .timeout = options.timeout,
                                                                    .interface = options.interface,
                                                                    .timeline = &timeline});
  if (accelerator == nullptr) return gloo;
  return backends::MakeStagedCommunicator(std::move(gloo), *accelerator->device,
                                          &accelerator->order);
}

backends::TorchReplica::Options ReplicaOptions(const RunOptions& options, int classes,
                                               backends::Accelerator* accelerator) {
  return {.num_classes = classes,
          .seed = options.seed,
          .weights = options.weights,
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

// After the last epoch: what only all ranks together know.
core::Task Conclude(core::Communicator& communicator, const Data& data,
                    const core::Timeline& timeline, const RunOptions& options, RunRecord* record) {
  std::vector<std::string> skipped, memory, traces;
  co_await GatherText(communicator, absl::StrJoin(data.skipped(), "\n"), skipped);
  co_await GatherText(communicator, absl::StrCat(core::PeakMemoryBytes()), memory);
  const int rank = communicator.rank();
  if (!options.trace.empty()) {
    co_await GatherText(communicator,
                        core::TraceEvents(rank, absl::StrCat("rank ", rank), timeline), traces);
  }
  if (record == nullptr) co_return;
  core::Results& results = record->results();
  for (const std::string& paths : skipped) {
    for (absl::string_view path : absl::StrSplit(paths, '\n', absl::SkipEmpty())) {
      results.skipped_images.emplace_back(path);
    }
  }
  for (const std::string& bytes : memory) results.peak_memory_bytes.push_back(std::stod(bytes));
  record->WriteComplete();
  if (traces.empty()) co_return;
  core::ThrowIfError(core::WriteFile(options.trace, core::TraceFile(traces)));
}

}  // namespace

void RunRank(const RunOptions& options, const RankEnvironment& environment,
             const std::string& meeting_folder, const backends::ImageDataset& dataset) {
  CatchInterruptions();
  const std::unique_ptr<core::Strategy> strategy = *options.entry().make(options.strategy_options);
  const core::Roles roles = strategy->roles(environment.world_size);
  const pid_t command = meeting_folder.empty() ? getpid() : getppid();

  const backends::SteadyClock clock;
  core::Timeline timeline(clock, !options.trace.empty());
  Data data(options, dataset, roles, environment.rank);
  const int classes = options.synthetic ? backends::SyntheticSource::kClasses
                                        : static_cast<int>(dataset.training.classes.size());
  const std::unique_ptr<backends::Accelerator> accelerator =
      OpenAccelerator(options, environment, clock);
  if (accelerator) timeline.Defer(&accelerator->spans);
  const std::unique_ptr<backends::TorchReplica> replica = backends::MakeTorchReplica(
      ReplicaOptions(options, classes, accelerator.get()),
      roles.trains(environment.rank) ? data.training() : nullptr, data.validation(), &timeline);
  // Before others wait for this rank: it asks git for the commit.
  std::optional<RunRecord> record;
  if (environment.rank == 0) record.emplace(options, environment.world_size);
  const std::unique_ptr<backends::Store> store = OpenStore(options, environment, meeting_folder);
  const std::unique_ptr<core::Communicator> communicator =
      Connect(options, environment, *store, timeline, accelerator.get());

  const core::TrainOptions train{
      .epochs = options.epochs,
      .steps_per_epoch =
          options.steps > 0 && (options.synthetic || options.steps < data.steps_per_epoch())
              ? options.steps
              : data.steps_per_epoch()};
  std::optional<Progress> progress;
  if (environment.rank == 0) {
    progress.emplace(options.strategy,
                     Progress::Size{train.epochs, train.steps_per_epoch,
                                    int64_t{options.batch_size} * roles.workers},
                     isatty(STDOUT_FILENO) == 1);
  }
  RunRecord* const written = record ? &*record : nullptr;
  Observer observer(written, progress ? &*progress : nullptr, command);
  core::Worker worker{*communicator, *replica};
  try {
    core::RunToEnd(core::Train(worker, *strategy, *replica, timeline, train, observer));
    core::RunToEnd(Conclude(*communicator, data, timeline, options, written));
  } catch (const std::exception&) {
    if (written != nullptr) written->WritePartial();
    throw;
  }
}

}  // namespace experiments
