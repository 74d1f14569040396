#include "experiments/training/run_options.h"

#include <algorithm>
#include <cmath>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "backends/cuda/cuda_probe.h"
#include "backends/torch/model/learning_rate.h"
#include "core/base/error.h"
#include "core/base/user_path.h"
#include "experiments/common/flag_checks.h"

ABSL_FLAG(std::string, strategy, "",
          absl::StrCat("one of ", absl::StrJoin(core::StrategyNames(), ", "),
                       "; default: the program's"));
ABSL_FLAG(std::string, backend, "gloo", "how ranks talk: gloo (TCP) or nccl (between GPUs)");
ABSL_FLAG(std::string, device, "",
          "what ranks compute on: cpu or cuda, a GPU each; default: cuda with nccl, else cpu");
ABSL_FLAG(bool, cuda_graph, false,
          "on GPUs: run forward and backward as one captured graph; less work for the processor, "
          "but gradients come all at once, so that ddp hides nothing");
ABSL_FLAG(int, nproc_per_node, 0,
          "ranks to start on this machine, a server included; default: 4 that train, 2 on fewer "
          "than 4 cores, and one more for the server");
ABSL_FLAG(
    std::string, data_dir, "",
    "image folder with train/CLASS/*.jpg and val/CLASS/*.jpg; default: a small one, made once "
    "in the output folder");
ABSL_FLAG(bool, synthetic, false, "train on random batches without loading images, to time steps");
ABSL_FLAG(std::string, output_dir, "results", "folder for result files");
ABSL_FLAG(std::string, trace, "", "write a Chrome trace of all ranks to this file (see Perfetto)");
ABSL_FLAG(int, epochs, 0, "passes over the data; default: 3, 8 with the generated data set");
ABSL_FLAG(int64_t, steps, 0, "steps per epoch; 0: the whole data set");
ABSL_FLAG(int, batch_size, 0,
          "images per training rank and step; default: 64, 16 with the generated data set");
ABSL_FLAG(int, image_size, 0,
          "side of the training images in pixels; default: 224, 64 with the generated data set");
ABSL_FLAG(int, workers, 1, "data-loading threads per rank; 0: load in the training thread");
ABSL_FLAG(int, threads, 0, "computing threads per rank; default: cores divided by ranks");
ABSL_FLAG(bool, scaled_decoding, false,
          "let the JPEG decoder shrink large images: faster, other pixels than torchvision's");
ABSL_FLAG(std::string, precision, "fp32", "fp32, or bf16 (autocast)");
ABSL_FLAG(std::string, weights, "", "start from this .pth or .safetensors file of torchvision's");
ABSL_FLAG(uint64_t, seed, 0, "of initial parameters, order, crops and flips");
ABSL_FLAG(double, lr, 0.01, "learning rate");
ABSL_FLAG(std::string, lr_schedule, "constant", "constant, step, warmup_step or warmup_cosine");
ABSL_FLAG(double, momentum, 0.9, "SGD's momentum");
ABSL_FLAG(double, weight_decay, 1e-4, "SGD's weight decay");
ABSL_FLAG(double, label_smoothing, 0.0, "of the training loss");
ABSL_FLAG(double, bucket_mb, 25.0,
          "MiB of gradients that travel together, where they go bucket by bucket");
ABSL_FLAG(int, servers, 1, "ranks that serve; each holds an equal share of the parameters");
ABSL_FLAG(bool, colocated, false, "servers on all ranks: each trains and serves its share");
ABSL_FLAG(double, timeout, 300.0, "seconds that any operation between ranks may take");
ABSL_FLAG(std::string, interface, "",
          "network interface (eth0) or address to listen on; default: loopback only");

namespace experiments {
namespace {

void Check(const RunOptions& options) {
  CheckName("strategy", options.strategy, core::StrategyNames());
  CheckName("precision", options.precision, {"fp32", "bf16"});
  core::ThrowIfError(options.entry().make(options.strategy_options()).status());
  core::ThrowIfError(backends::ParseSchedule(options.learning_rate_schedule).status());
  InRange("epochs", options.epochs, 1, 1'000'000);
  InRange<int64_t>("steps", options.steps, 0, 1'000'000'000);
  InRange("batch_size", options.batch_size, 1, 65536);
  InRange("image_size", options.image_size, 32, 4096);
  InRange("workers", options.workers, 0, 1024);
  InRange("threads", options.threads, 1, 1024);
  InRange("nproc_per_node", options.ranks, 1, 1024);
  InRange("lr", options.learning_rate, 0.0, 1e3);
  InRange("momentum", options.momentum, 0.0, 1.0);
  InRange("weight_decay", options.weight_decay, 0.0, 1.0);
  InRange("label_smoothing", options.label_smoothing, 0.0, 1.0);
  InRange("bucket_mb", options.bucket_mb, 1e-6, 1e6);
  if (TrainingRanks(options, options.ranks) == 0) {
    RefuseFlag("nproc_per_node", absl::StrCat(options.ranks),
               "at least one rank to train is needed beside those that serve");
  }
  if (options.synthetic && !options.data_dir.empty()) {
    RefuseFlag("synthetic", "true", "takes no --data-dir: leave one of the two out");
  }
}

// Chooses the device. Returns how many GPUs there are.
int ChooseDevice(RunOptions& options) {
  CheckName("backend", options.backend, {"gloo", "nccl"});
  const bool nccl = options.backend == "nccl";
  if (options.device.empty()) options.device = nccl ? "cuda" : "cpu";
  CheckName("device", options.device, {"cpu", "cuda"});
  if (options.device == "cpu") {
    if (nccl) {
      RefuseFlag("device", "cpu", "NCCL moves the memory of GPUs: use --device=cuda, or gloo");
    }
    if (options.cuda_graph) RefuseFlag("cuda_graph", "true", "needs --device=cuda");
    return 0;
  }
  const backends::CudaDevices devices = backends::ProbeCudaDevices();
  if (devices.problem.empty()) return devices.count;
  if (nccl) {
    RefuseFlag("backend", "nccl",
               absl::StrCat(devices.problem, "; or use --backend=gloo, which needs none"));
  }
  RefuseFlag("device", "cuda", absl::StrCat(devices.problem, "; or use --device=cpu"));
}

// What the user left open.
void FillDefaults(int cores, int gpus, const std::optional<RankEnvironment>& environment,
                  RunOptions& options) {
  options.generated = options.data_dir.empty() && !options.synthetic;
  const bool small = options.data_dir.empty();
  if (options.generated) options.data_dir = options.output_dir + "/dataset";
  if (options.epochs == 0) options.epochs = small ? 8 : 3;
  if (options.batch_size == 0) options.batch_size = small ? 16 : 64;
  if (options.image_size == 0) options.image_size = small ? 64 : 224;
  if (environment) {
    options.ranks = environment->world_size;
  } else if (options.ranks == 0) {
    const int train = gpus > 0 ? gpus : cores >= 4 ? 4 : 2;
    options.ranks = train + (train - TrainingRanks(options, train));
    // NCCL wants a GPU for the server, too.
    if (options.backend == "nccl") options.ranks = gpus;
  }
  if (options.threads == 0) {
    const int computing =
        environment ? environment->local_world_size : TrainingRanks(options, options.ranks);
    options.threads = std::max(1, cores / std::max(1, computing));
  }
}

}  // namespace

RunOptions OptionsFromFlags(std::string_view default_strategy, int cores,
                            const std::optional<RankEnvironment>& environment) {
  RunOptions options;
  options.strategy = absl::GetFlag(FLAGS_strategy);
  if (options.strategy.empty()) options.strategy = default_strategy;
  options.backend = absl::GetFlag(FLAGS_backend);
  options.device = absl::GetFlag(FLAGS_device);
  options.cuda_graph = absl::GetFlag(FLAGS_cuda_graph);
  options.ranks = absl::GetFlag(FLAGS_nproc_per_node);
  options.data_dir = core::UserPath(absl::GetFlag(FLAGS_data_dir));
  options.synthetic = absl::GetFlag(FLAGS_synthetic);
  options.output_dir = core::UserPath(absl::GetFlag(FLAGS_output_dir));
  options.trace = core::UserPath(absl::GetFlag(FLAGS_trace));
  options.epochs = absl::GetFlag(FLAGS_epochs);
  options.steps = absl::GetFlag(FLAGS_steps);
  options.batch_size = absl::GetFlag(FLAGS_batch_size);
  options.image_size = absl::GetFlag(FLAGS_image_size);
  options.workers = absl::GetFlag(FLAGS_workers);
  options.threads = absl::GetFlag(FLAGS_threads);
  options.scaled_decoding = absl::GetFlag(FLAGS_scaled_decoding);
  options.precision = absl::GetFlag(FLAGS_precision);
  options.weights = core::UserPath(absl::GetFlag(FLAGS_weights));
  options.seed = absl::GetFlag(FLAGS_seed);
  options.learning_rate = absl::GetFlag(FLAGS_lr);
  options.learning_rate_schedule = absl::GetFlag(FLAGS_lr_schedule);
  options.momentum = absl::GetFlag(FLAGS_momentum);
  options.weight_decay = absl::GetFlag(FLAGS_weight_decay);
  options.label_smoothing = absl::GetFlag(FLAGS_label_smoothing);
  options.bucket_mb = absl::GetFlag(FLAGS_bucket_mb);
  options.servers = absl::GetFlag(FLAGS_servers);
  options.colocated = absl::GetFlag(FLAGS_colocated);
  const double timeout = InRange("timeout", absl::GetFlag(FLAGS_timeout), 0.1, 1e6);
  options.timeout = std::chrono::milliseconds(std::llround(1e3 * timeout));
  options.interface = absl::GetFlag(FLAGS_interface);
  const int gpus = ChooseDevice(options);
  FillDefaults(cores, gpus, environment, options);
  Check(options);
  if (options.backend == "nccl" && !environment && options.ranks > gpus) {
    RefuseFlag("nproc_per_node", absl::StrCat(options.ranks),
               absl::StrCat("NCCL wants a GPU for each rank, a server included, and there are ",
                            gpus, ": use fewer ranks, or --backend=gloo"));
  }
  return options;
}

core::StrategyOptions RunOptions::strategy_options() const {
  return {.buckets = {.bytes = std::max<int64_t>(1, std::llround(bucket_mb * (1 << 20)))},
          .server = {.servers = servers, .colocated = colocated}};
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
  const auto strategy = (*entry)->make(options.strategy_options());
  return strategy.ok() ? (*strategy)->roles(ranks).workers : ranks;
}

std::map<std::string, std::string> Describe(const RunOptions& options) {
  return {
      {"backend", options.backend},
      {"batch_size", absl::StrCat(options.batch_size)},
      {"bucket_mb", absl::StrCat(options.bucket_mb)},
      {"colocated", options.colocated ? "true" : "false"},
      {"cuda_graph", options.cuda_graph ? "true" : "false"},
      {"data_dir", options.synthetic ? "synthetic" : options.data_dir},
      {"device", options.device},
      {"epochs", absl::StrCat(options.epochs)},
      {"image_size", absl::StrCat(options.image_size)},
      {"label_smoothing", absl::StrCat(options.label_smoothing)},
      {"lr", absl::StrCat(options.learning_rate)},
      {"lr_schedule", options.learning_rate_schedule},
      {"momentum", absl::StrCat(options.momentum)},
      {"precision", options.precision},
      {"scaled_decoding", options.scaled_decoding ? "true" : "false"},
      {"seed", absl::StrCat(options.seed)},
      {"servers", absl::StrCat(options.servers)},
      {"steps", absl::StrCat(options.steps)},
      {"threads", absl::StrCat(options.threads)},
      {"weight_decay", absl::StrCat(options.weight_decay)},
      {"weights", options.weights},
      {"workers", absl::StrCat(options.workers)},
  };
}

}  // namespace experiments
