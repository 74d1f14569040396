#include "experiments/training/run_options.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "backends/cuda/cuda_probe.h"
#include "backends/torch/model/learning_rate.h"
#include "core/base/error.h"
#include "core/base/flags.h"
#include "core/strategies/strategy_flags.h"
#include "experiments/common/host_info.h"
#include "experiments/training/rank_environment.h"

namespace experiments {
namespace {

core::FlagTable FlagsOf(RunOptions& options) {
  core::FlagTable flags = {
      {"strategy", &options.strategy, core::OneOf(core::StrategyNames()),
       "one of " + absl::StrJoin(core::StrategyNames(), ", ")},
      {"backend", &options.backend, core::OneOf({"gloo", "nccl"}),
       "how ranks talk: gloo (TCP) or nccl (between GPUs)"},
      {"cuda_graph", &options.cuda_graph,
       "on GPUs: run forward and backward as one captured graph; less work for the processor, but "
       "gradients come all at once, so that ddp hides nothing"},
      {"nproc_per_node", &options.ranks, core::Range(1, 1024),
       "ranks to start on this machine, a server included",
       "4 that train, 2 on fewer than 4 cores, and one more for the server"},
      {"data_dir", &options.data_dir, core::IsPath(),
       "image folder with train/CLASS/*.jpg and val/CLASS/*.jpg",
       "a small one, made once in the output folder"},
      {"synthetic", &options.synthetic,
       "train on random batches without loading images, to time steps"},
      {"output_dir", &options.output_dir, core::IsPath(), "folder for result files"},
      {"trace", &options.trace, core::IsPath(),
       "write a Chrome trace of all ranks to this file (see Perfetto)"},
      {"save", &options.save, core::IsPath(),
       "write the trained weights to this .safetensors or .pth file, for torchvision's resnet50; "
       "those with the best validation go beside it (…_best)",
       "weights_STRATEGY.safetensors in the output folder"},
      {"overwrite", &options.overwrite,
       "do not keep the results of an earlier run in OUTPUT.1, OUTPUT.2, …"},
      {"checkpoint_every", &options.checkpoint_every, core::Range(-1, 1e12),
       "steps between checkpoints, from which --resume goes on; 0: never",
       "after each epoch, a minute or more apart"},
      {"resume", &options.resume,
       "go on from the newest checkpoint in the output folder, to the same bits as without a stop; "
       "from the start if there is none"},
      {"resume_anyway", &options.resume_anyway,
       "go on although strategy, ranks or other flags differ: from parameters, momentum and epoch"},
      {"max_restarts", &options.max_restarts, core::Range(0, 1e6),
       "how often to start all ranks again from the last checkpoint when one has failed"},
      {"epochs", &options.epochs, core::Range(1, 1'000'000), "passes over the data",
       "3, 8 with the generated data set"},
      {"steps", &options.steps, core::Range(0, 1'000'000'000),
       "steps per epoch; 0: the whole data set"},
      {"workers", &options.workers, core::Range(0, 1024),
       "data-loading threads per rank; 0: load in the training thread",
       "1 per 8 cores of a rank; on GPUs its cores but one, 16 at most"},
      {"scaled_decoding", &options.scaled_decoding,
       "let the JPEG decoder shrink large images: faster, other pixels than torchvision's"},
      {"weights", &options.weights, core::IsPath(),
       "start from this .pth or .safetensors file of torchvision's"},
      {"new_classifier", &options.new_classifier,
       "with --weights: leave out the last layer, as for another number of classes"},
      {"zero_init_residual", &options.zero_init_residual,
       "start each block as its shortcut: learns more smoothly at first",
       "false, true with the generated data set"},
      {"seed", &options.seed, "of initial parameters, order, crops and flips"},
      {"lr", &options.learning_rate, core::Range(0, 1e3), "learning rate",
       "0.01, 0.003 with the generated data set"},
      {"lr_schedule", &options.learning_rate_schedule, backends::ParseSchedule,
       "constant, step, warmup_step or warmup_cosine"},
      {"momentum", &options.momentum, core::Range(0, 1), "SGD's momentum"},
      {"weight_decay", &options.weight_decay, core::Range(0, 1), "SGD's weight decay"},
      {"label_smoothing", &options.label_smoothing, core::Range(0, 1), "of the training loss"},
      {"timeout",
       core::Converted{[&] { return std::chrono::duration<double>(options.timeout).count(); },
                       [&](double seconds) {
                         options.timeout = std::chrono::milliseconds(std::llround(1e3 * seconds));
                       }},
       core::Range(0.1, 1e6), "seconds that any operation between ranks may take"},
      {"interface", &options.interface, "network interface (eth0) or address to listen on",
       "loopback only"},
  };
  flags.Add(WorkloadFlags(options));
  flags.Otherwise("batch_size", "64, 16 with the generated data set");
  flags.Otherwise("image_size", "224, 64 with the generated data set");
  flags.Otherwise("threads", "cores divided by ranks");
  flags.Otherwise("device", "cuda with nccl, else cpu");
  flags.Add(core::StrategyFlags(options.strategy_options));
  return flags;
}

void Check(const RunOptions& options) {
  core::ThrowIfError(options.entry().make(options.strategy_options).status());
  if (TrainingRanks(options, options.ranks) == 0) {
    core::RefuseFlag("nproc_per_node", absl::StrCat(options.ranks),
                     "at least one rank to train is needed beside those that serve");
  }
  if (options.new_classifier && options.weights.empty()) {
    core::RefuseFlag("new_classifier", "true", "needs --weights, whose last layer it replaces");
  }
  if (!options.save.empty() && !options.save.ends_with(".safetensors") &&
      !options.save.ends_with(".pth")) {
    core::RefuseFlag("save", options.save, "must end in .safetensors or .pth");
  }
  if (options.synthetic && !options.data_dir.empty()) {
    core::RefuseFlag("synthetic", "true", "takes no --data-dir: leave one of the two out");
  }
}

// Chooses the device. Returns how many GPUs there are.
int ChooseDevice(const core::FlagTable& flags, RunOptions& options) {
  const bool nccl = options.backend == "nccl";
  if (!flags.Given("device")) options.device = nccl ? "cuda" : "cpu";
  if (options.device == "cpu") {
    if (nccl) {
      core::RefuseFlag("device", "cpu",
                       "NCCL moves the memory of GPUs: use --device=cuda, or gloo");
    }
    if (options.cuda_graph) core::RefuseFlag("cuda_graph", "true", "needs --device=cuda");
    return 0;
  }
  const backends::CudaDevices devices = backends::ProbeCudaDevices();
  if (devices.problem.empty()) return devices.count;
  if (nccl) {
    core::RefuseFlag("backend", "nccl",
                     absl::StrCat(devices.problem, "; or use --backend=gloo, which needs none"));
  }
  core::RefuseFlag("device", "cuda", absl::StrCat(devices.problem, "; or use --device=cpu"));
}

// What the user left open.
void FillDefaults(const core::FlagTable& flags, int gpus,
                  const std::optional<RankEnvironment>& environment, RunOptions& options) {
  const int cores = UsableCores();
  options.generated = options.data_dir.empty() && !options.synthetic;
  // A job that is started again goes on.
  if (options.resume_anyway || (environment && environment->restarted)) {
    options.resume = true;
  }
  const bool small = options.data_dir.empty();
  if (options.generated) options.data_dir = options.output_dir + "/dataset";
  if (!flags.Given("epochs")) options.epochs = small ? 8 : 3;
  // A few hundred images are learned smoothly so.
  if (options.generated && !flags.Given("zero_init_residual")) options.zero_init_residual = true;
  if (options.generated && !flags.Given("lr")) options.learning_rate = 0.003;
  if (!flags.Given("batch_size")) options.batch_size = small ? 16 : 64;
  if (!flags.Given("image_size")) options.image_size = small ? 64 : 224;
  if (environment) {
    options.ranks = environment->world_size;
  } else if (!flags.Given("nproc_per_node")) {
    const int train = gpus > 0 ? gpus : cores >= 4 ? 4 : 2;
    options.ranks = train + (train - TrainingRanks(options, train));
    // NCCL wants a GPU for the server, too.
    if (options.backend == "nccl") options.ranks = gpus;
  }
  const int computing =
      environment ? environment->local_world_size : TrainingRanks(options, options.ranks);
  const int cores_of_rank = std::max(1, cores / std::max(1, computing));
  if (!flags.Given("threads")) options.threads = cores_of_rank;
  if (!flags.Given("workers")) {
    options.workers = DefaultWorkers(cores_of_rank, options.device == "cuda");
  }
}

}  // namespace

RunOptions ReadOptions(std::string_view strategy, std::string_view usage, int argc, char** argv) {
  RunOptions options;
  options.strategy = strategy;
  core::FlagTable flags = FlagsOf(options);
  flags.Read(argc, argv, usage);
  const std::optional<RankEnvironment> environment = ReadRankEnvironment();
  const int gpus = ChooseDevice(flags, options);
  FillDefaults(flags, gpus, environment, options);
  Check(options);
  if (options.backend == "nccl" && !environment && options.ranks > gpus) {
    core::RefuseFlag(
        "nproc_per_node", absl::StrCat(options.ranks),
        absl::StrCat("NCCL wants a GPU for each rank, a server included, and there are ", gpus,
                     ": use fewer ranks, or --backend=gloo"));
  }
  return options;
}

const core::StrategyEntry& RunOptions::entry() const {
  return *core::ValueOrThrow(core::StrategyNamed(strategy));
}

RunOptions WithStrategy(RunOptions options, std::string_view strategy) {
  const int training = TrainingRanks(options, options.ranks);
  options.strategy = strategy;
  options.ranks = training + (training - TrainingRanks(options, training));
  return options;
}

int TrainingRanks(const RunOptions& options, int ranks) {
  const auto entry = core::StrategyNamed(options.strategy);
  if (!entry.ok()) return ranks;  // Which is refused elsewhere.
  const auto strategy = (*entry)->make(options.strategy_options);
  return strategy.ok() ? (*strategy)->roles(ranks).workers : ranks;
}

std::map<std::string, std::string> Describe(RunOptions options) {
  return FlagsOf(options).Values();
}

}  // namespace experiments
