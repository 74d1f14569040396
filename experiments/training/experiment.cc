#include "experiments/training/experiment.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "backends/images/image_folder.h"
#include "backends/images/image_loader.h"
#include "backends/rendezvous/file_store.h"
#include "backends/rendezvous/store.h"
#include "core/base/error.h"
#include "core/base/program.h"
#include "core/base/temporary_folder.h"
#include "experiments/common/host_info.h"
#include "experiments/training/interruption.h"
#include "experiments/training/launcher.h"
#include "experiments/training/output_folder.h"
#include "experiments/training/rank_environment.h"
#include "experiments/training/rank_world.h"
#include "experiments/training/train_rank.h"
#include "tools/make_dataset.h"

namespace experiments {
namespace {

constexpr std::string_view kUsage =
    R"(Trains ResNet-50 on an image folder with one strategy, and writes its figures to a results file.

    tools/bazel run //experiments:baseline_ddp -- --data-dir=imagenet --nproc-per-node=4 --batch-size=64
    tools/bazel run //experiments:parameter_server                    # on a small data set of its own
    torchrun --no-python --nproc-per-node=4 bazel-bin/experiments/all_reduce --data-dir=imagenet

Where RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT are set (torchrun, or mpirun's and Slurm's names
for them) the program is one rank; else it starts --nproc-per-node of them on this machine.)";

// Where the user names no data set, a small one is made on first use.
void MakeGeneratedDataset(const RunOptions& options) {
  if (!options.generated || std::filesystem::exists(options.data_dir)) return;
  absl::PrintF("no --data-dir: making a small set of images, once, in %s\n", options.data_dir);
  std::fflush(stdout);
  core::ThrowIfError(tools::MakeDataset({.path = options.data_dir, .threads = UsableCores()}));
}

// What every rank would find, said once and before any starts.
void CheckBatchSize(const RunOptions& options, const backends::ImageDataset& dataset) {
  if (options.synthetic) return;
  backends::ImageLoader(dataset.training, {.batch_size = options.batch_size,
                                           .image_size = options.image_size,
                                           .workers = 0,
                                           .ranks = TrainingRanks(options, options.ranks)});
}

void Announce(const RunOptions& options, const backends::ImageDataset& dataset) {
  const int training = TrainingRanks(options, options.ranks);
  const int servers = options.ranks - training;
  std::string data = "synthetic images";
  if (!options.synthetic) {
    data = absl::StrFormat("%d + %d images of %d classes in %s", dataset.training.files.size(),
                           dataset.validation.files.size(), dataset.training.classes.size(),
                           options.data_dir);
  }
  absl::PrintF(
      "%s: %d training rank%s%s on %d core%s, %d thread%s each%s; %s; batch %d a rank, %d x %d "
      "pixels, %s\n",
      options.strategy, training, training == 1 ? "" : "s",
      servers == 0   ? ""
      : servers == 1 ? " and a server"
                     : absl::StrCat(" and ", servers, " servers"),
      UsableCores(), UsableCores() == 1 ? "" : "s", options.threads,
      options.threads == 1 ? "" : "s", options.threads == 1 ? "" : ", passive waiting", data,
      options.batch_size, options.image_size, options.image_size, options.precision);
  std::vector<std::string> hidden = dataset.training.hidden;
  hidden.insert(hidden.end(), dataset.validation.hidden.begin(), dataset.validation.hidden.end());
  if (!hidden.empty()) {
    absl::PrintF("%s: what begins with a dot is no class and no image: left out %s%s\n",
                 options.strategy, hidden[0],
                 hidden.size() == 1 ? "" : absl::StrCat(" and ", hidden.size() - 1, " more"));
  }
  if (!options.weights.empty()) {
    absl::PrintF("%s: starts from %s%s\n", options.strategy, options.weights,
                 options.new_classifier ? ", but with a new last layer (--new-classifier)" : "");
  }
}

backends::ImageDataset Prepare(const RunOptions& options) {
  PrepareOutput(options.output_dir);
  MakeGeneratedDataset(options);
  backends::ImageDataset dataset;
  if (!options.synthetic) dataset = backends::ListImageDataset(options.data_dir);
  CheckBatchSize(options, dataset);
  return dataset;
}

LaunchOutcome LaunchOnce(const RunOptions& options, const backends::ImageDataset& dataset,
                         const MakeReplica& make_replica) {
  const core::TemporaryFolder meeting_folder;  // For as long as they run.
  const auto run_rank = [&](int rank) {
    Arrival arrival{};
    return core::ReportErrors(absl::StrCat("rank ", rank), [&] {
      return RunRank(options,
                     {.rank = rank,
                      .world_size = options.ranks,
                      .local_rank = rank,
                      .local_world_size = options.ranks},
                     *backends::OpenFileStore(meeting_folder.path()), dataset, make_replica,
                     arrival);
    });
  };
  return LaunchRanks(options.ranks, run_rank, {.stopping = options.timeout});
}

// Returns the exit code.
int StartRanks(RunOptions options, const backends::ImageDataset& dataset,
               const MakeReplica& make_replica) {
  const OutputLock lock(options);
  for (int restart = 0;; ++restart) {
    const LaunchOutcome outcome = LaunchOnce(options, dataset, make_replica);
    if (outcome.first_failure && !outcome.signal && restart < options.max_restarts) {
      absl::PrintF("rank %d %s; all ranks have ended, and start again (%d of %d)\n",
                   outcome.first_failure->rank, outcome.first_failure->cause, restart + 1,
                   options.max_restarts);
      std::fflush(stdout);
      options.resume = true;
      continue;
    }
    if (outcome.stopped && !outcome.first_failure) return kStoppedCode;
    if (outcome.signal) {
      throw core::Error(absl::StrCat("interrupted by signal ", *outcome.signal, " (",
                                     strsignal(*outcome.signal), "); all ranks have ended"));
    }
    if (!outcome.first_failure) return 0;
    throw core::Error(absl::StrCat("rank ", outcome.first_failure->rank, " ",
                                   outcome.first_failure->cause, "; all ranks have ended"));
  }
}

// Another launcher starts the ranks, and may not notice that one fails: so it tells the others.
int RunAsRank(const RunOptions& options, const RankEnvironment& environment,
              const MakeReplica& make_replica) {
  Arrival arrival = Arrival::kAlone;
  std::unique_ptr<backends::Store> store;
  try {
    const backends::ImageDataset dataset = Prepare(options);
    std::optional<OutputLock> lock;
    if (environment.rank == 0) {
      Announce(options, dataset);
      lock.emplace(options);
    }
    // Before the model: that may take as long as others wait.
    store = OpenStore(options, environment);
    return RunRank(options, environment, *store, dataset, make_replica, arrival);
  } catch (const std::exception& error) {
    TellWhyNot(options, environment, arrival, std::move(store), error.what());
    throw;
  }
}

}  // namespace

void WaitPassively(const RunOptions& options, char** argv) {
  if (options.threads == 1 || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  execv("/proc/self/exe", argv);
  throw core::Error(absl::StrCat("the program could not start itself anew (", strerror(errno),
                                 "): set OMP_WAIT_POLICY=passive and run it again"));
}

int RunExperiment(const RunOptions& options, const MakeReplica& make_replica) {
  const std::optional<RankEnvironment> environment = ReadRankEnvironment();
  if (environment && options.generated) {
    throw core::Error(
        "--data-dir is missing: ranks that others start share a data set that is there "
        "(or --synthetic)");
  }
  if (environment) return RunAsRank(options, *environment, make_replica);
  const backends::ImageDataset dataset = Prepare(options);
  Announce(options, dataset);
  return StartRanks(options, dataset, make_replica);
}

int ExperimentMain(std::string_view strategy, int argc, char** argv) {
  return core::ReportErrors("lockstep", [&] {
    const RunOptions options = ReadOptions(strategy, kUsage, argc, argv);
    core::ThrowIfError(core::CheckFlagsApply({&options.entry(), 1}, options.strategy_options));
    WaitPassively(options, argv);
    return RunExperiment(options);
  });
}

}  // namespace experiments
