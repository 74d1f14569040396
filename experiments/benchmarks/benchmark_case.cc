#include "experiments/benchmarks/benchmark_case.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/error.h"
#include "core/strategies/strategies.h"
#include "experiments/common/runfiles.h"

namespace experiments {
namespace {

std::vector<std::string> TestHosts(const BenchmarkCase& benchmark_case,
                                   const BenchmarkOptions& options) {
  return {ShippedFile("tools/test_hosts"), absl::StrCat("--hosts=", benchmark_case.ranks),
          absl::StrCat("--rate=", options.rate), "--"};
}

BenchmarkCommand OurCommand(const BenchmarkCase& benchmark_case, const BenchmarkOptions& options,
                            const std::string& folder) {
  BenchmarkCommand command{.program = "lockstep", .folder = folder};
  if (!options.rate.empty()) command.arguments = TestHosts(benchmark_case, options);
  command.arguments.push_back(ShippedFile("experiments/baseline_ddp"));
  if (!options.rate.empty()) command.arguments.push_back("--interface=eth0");
  // The parts of a step are means over an epoch: the second has the first steps behind it.
  const int epochs = options.steps >= 4 ? 2 : 1;
  command.arguments.insert(command.arguments.end(),
                           {
                               absl::StrCat("--strategy=", benchmark_case.strategy),
                               absl::StrCat("--nproc_per_node=", benchmark_case.ranks),
                               "--synthetic",
                               absl::StrCat("--epochs=", epochs),
                               absl::StrCat("--steps=", options.steps / epochs),
                               absl::StrCat("--batch_size=", options.batch_size),
                               absl::StrCat("--image_size=", options.image_size),
                               absl::StrCat("--threads=", options.threads),
                               absl::StrCat("--backend=", options.backend),
                               absl::StrCat("--device=", options.device),
                               absl::StrCat("--precision=", options.precision),
                               absl::StrCat("--output_dir=", folder),
                           });
  return command;
}

BenchmarkCommand ScriptCommand(const std::string& script, const BenchmarkCase& benchmark_case,
                               const BenchmarkOptions& options, const std::string& folder) {
  BenchmarkCommand command{.program = script,
                           .environment = {{"OMP_NUM_THREADS", absl::StrCat(options.threads)}},
                           .folder = folder,
                           .ours = false};
  if (!options.rate.empty()) {
    command.arguments = TestHosts(benchmark_case, options);
    command.environment["GLOO_SOCKET_IFNAME"] = "eth0";
  }
  command.arguments.push_back(options.python);
  if (options.rate.empty() && benchmark_case.ranks > 1) {
    command.arguments.insert(
        command.arguments.end(),
        {"-m", "torch.distributed.run", absl::StrCat("--nproc_per_node=", benchmark_case.ranks)});
  }
  std::vector<std::string> words = absl::StrSplit(script, ' ');
  words[0] = absl::StrCat(options.scripts, "/", words[0]);
  command.arguments.insert(command.arguments.end(), words.begin(), words.end());
  command.arguments.insert(command.arguments.end(),
                           {
                               "--synthetic",
                               absl::StrCat("--steps=", options.steps),
                               absl::StrCat("--batch-size=", options.batch_size),
                               absl::StrCat("--image-size=", options.image_size),
                               absl::StrCat("--results=", folder, "/results.json"),
                           });
  return command;
}

}  // namespace

int BenchmarkCase::training_ranks() const {
  const core::StrategyEntry& entry = *core::ValueOrThrow(core::StrategyNamed(strategy));
  return core::ValueOrThrow(entry.make({}))->roles(ranks).workers;
}

std::vector<BenchmarkCase> BenchmarkCases(const BenchmarkOptions& options) {
  const std::vector<std::string> ddp = {"train_ddp.py"};
  const std::vector<std::string> all_reduce = {"train_all_reduce.py"};
  const std::vector<std::string> server = {"train_ps.py", "train_ps.py --flat"};
  std::vector<BenchmarkCase> cases;
  if (options.rate.empty()) {
    cases = {
        {"one process", "ddp", 1, {"single.py", "single.py --channels-last"}},
        {"ddp, 2 ranks", "ddp", 2, ddp},
        {"all_reduce, 2 ranks", "all_reduce", 2, all_reduce},
        {"parameter_server, 1 + 2 ranks", "parameter_server", 3, server},
        {"ddp, 4 ranks", "ddp", 4, ddp},
        {"all_reduce, 4 ranks", "all_reduce", 4, all_reduce},
        {"parameter_server, 1 + 3 ranks", "parameter_server", 4, server},
        {"parameter_server, 1 + 4 ranks", "parameter_server", 5, server},
    };
  } else {
    const std::string hosts = absl::StrCat(" hosts at ", options.rate);
    cases = {
        {absl::StrCat("ddp, 4", hosts), "ddp", 4, ddp},
        {absl::StrCat("all_reduce, 4", hosts), "all_reduce", 4, all_reduce},
        {absl::StrCat("parameter_server, 1 + 3", hosts), "parameter_server", 4, server},
    };
  }
  std::erase_if(cases, [&](const BenchmarkCase& benchmark_case) {
    return !absl::StrContains(benchmark_case.name, options.only);
  });
  return cases;
}

std::vector<BenchmarkCommand> BenchmarkCommands(const BenchmarkCase& benchmark_case,
                                                const BenchmarkOptions& options,
                                                const std::string& folder) {
  std::vector<BenchmarkCommand> commands = {OurCommand(benchmark_case, options, folder)};
  if (options.scripts.empty()) return commands;
  for (const std::string& script : benchmark_case.scripts) {
    commands.push_back(ScriptCommand(script, benchmark_case, options, folder));
  }
  return commands;
}

}  // namespace experiments
