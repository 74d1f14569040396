#include "experiments/faults/campaign.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "core/base/program.h"
#include "core/records/results.h"
#include "experiments/faults/tiny_replica.h"
#include "experiments/training/experiment.h"
#include "experiments/training/interruption.h"
#include "experiments/training/output_folder.h"
#include "tools/make_dataset.h"

namespace experiments {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kTimeout = std::chrono::seconds(2);  // --timeout.
constexpr double kEndSeconds = 10;                          // From when it can be noticed.
constexpr milliseconds kLimit = std::chrono::seconds(30);   // Of a whole run.
constexpr milliseconds kDelay = kTimeout / 4;
constexpr char kStruck[] = "struck";  // A file that the victim makes.

// Does to this process what the scenario has drawn.
void Strike(const Fault& fault, const std::string& output) {
  std::fclose(std::fopen((output + "/" + kStruck).c_str(), "w"));
  switch (fault.blow) {
    case Blow::kKill:
      kill(getpid(), SIGKILL);
      return;
    case Blow::kStop:
      kill(getpid(), SIGSTOP);
      return;
    case Blow::kThrow:
      throw core::Error(absl::StrCat("rank ", fault.victim, ": out of luck"));
    case Blow::kDelay:
      std::this_thread::sleep_for(kDelay);
      return;
    case Blow::kAsk:
      kill(getpid(), SIGTERM);
      return;
  }
}

// What the replica of the victim calls.
PhaseHook HookOf(const Fault& fault, const std::string& output) {
  return [fault, output, seen = 0](Phase phase) mutable {
    if (phase != fault.phase || seen++ != fault.occurrence) return;
    if (fault.milliseconds == 0) return Strike(fault, output);
    std::thread([fault, output] {
      std::this_thread::sleep_for(milliseconds(fault.milliseconds));
      Strike(fault, output);
    }).detach();
  };
}

RunOptions OptionsOf(const Scenario& scenario, const std::string& folder) {
  RunOptions options;
  options.strategy = scenario.strategy->name;
  options.strategy_options = scenario.options;
  options.ranks = scenario.ranks;
  options.data_dir = folder + "/data";
  options.batch_size = 2;
  options.image_size = 8;
  options.threads = 1;
  options.epochs = 2;
  options.timeout = kTimeout;
  options.checkpoint_every = scenario.checkpoint_every;
  return options;
}

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Whether a process of the group runs, or is halted: not one that has ended and waits to be reaped,
// by whoever inherited it.
bool GroupLives(pid_t group) {
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    std::ifstream stat(entry.path() / "stat");
    std::string line;
    if (!stat || !std::getline(stat, line)) continue;
    // After the name, which may hold anything: state, parent, group.
    char state = 0;
    int parent = 0, found = 0;
    const size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) continue;
    std::istringstream fields(line.substr(name_end + 1));
    if (fields >> state >> parent >> found && found == group && state != 'Z' && state != 'X') {
      return true;
    }
  }
  return false;
}

}  // namespace

Campaign::Campaign(const std::string& folder) : folder_(folder) {
  core::ThrowIfError(tools::MakeDataset({.path = folder + "/data",
                                         .classes = 2,
                                         .training_images = 24,
                                         .validation_images = 5,
                                         .width = 12,
                                         .height = 10,
                                         .threads = 1}));
}

Campaign::Ended Campaign::Start(const Scenario& scenario, const std::string& output, bool faulty,
                                bool resume) {
  RunOptions options = OptionsOf(scenario, folder_);
  options.output_dir = output;
  options.resume = resume;
  fs::create_directories(output);
  const std::string log = absl::StrCat(output, resume ? "/resumed" : "/log");
  const MakeReplica make = [&](int rank, const backends::TorchReplica::Options& replica,
                               backends::BatchSource* training, backends::BatchSource* validation,
                               core::Timeline*) {
    const bool struck = faulty && rank == scenario.fault.victim;
    return MakeTinyReplica(
        replica, training, validation, struck ? HookOf(scenario.fault, output) : [](Phase) {});
  };
  absl::StatusOr<core::Process> process = core::Process::Fork([&] {
    setpgid(0, 0);
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    if (scenario.children_ignored) signal(SIGCHLD, SIG_IGN);
    return core::ReportErrors("lockstep", [&] { return RunExperiment(options, make); });
  });
  const double start = Now();
  core::Process started = core::ValueOrThrow(std::move(process));
  const std::optional<core::ExitStatus> status = started.WaitFor(kLimit);
  Ended ended{.code = status ? status->code : -1,
              .in_time = status.has_value(),
              .text = {},
              .seconds = Now() - start};
  // Children are killed by the system as it ends, which takes a moment.
  bool left = true;
  for (int i = 0; i < 200 && left; ++i) {
    left = GroupLives(started.id());
    if (left) std::this_thread::sleep_for(milliseconds(10));
  }
  ended.text = core::ReadFile(log, 1 << 20).value_or("");
  if (left) {
    kill(-started.id(), SIGKILL);
    ended.text += "\na process is left behind\n";
    ended.in_time = false;
  }
  return ended;
}

std::string Campaign::OutcomeOf(const Scenario& scenario, const std::string& output) const {
  RunOptions options = OptionsOf(scenario, folder_);
  options.output_dir = output;
  const auto results =
      core::ReadResults(absl::StrCat(output, "/", scenario.strategy->results_file));
  if (!results.ok()) return std::string(results.status().message());
  std::string outcome = results->partial ? "partial" : "complete";
  for (double loss : results->all_losses)
    absl::StrAppend(&outcome, " ", absl::StrFormat("%a", loss));
  for (const core::EpochResult& epoch : results->epochs) {
    absl::StrAppend(&outcome,
                    absl::StrFormat(" %a %a", epoch.val_loss.value_or(-1), epoch.train_accuracy));
  }
  for (bool best : {false, true}) {
    outcome += core::ReadFile(WeightsFile(options, best), 1 << 20).value_or(" no weights");
  }
  return outcome;
}

const std::string& Campaign::Expected(const Scenario& scenario) {
  std::string& outcome = expected_[absl::StrCat(core::Label(*scenario.strategy, scenario.options),
                                                " ", scenario.workers)];
  if (!outcome.empty()) return outcome;
  const std::string output = folder_ + "/whole";
  fs::remove_all(output);
  const Ended ended = Start(scenario, output, /*faulty=*/false, /*resume=*/false);
  if (ended.code != 0) throw core::Error("a run without a fault failed:\n" + ended.text);
  outcome = OutcomeOf(scenario, output);
  return outcome;
}

// What is wrong with how the faulty run ended; empty if nothing.
std::string Campaign::Check(const Scenario& scenario, const Ended& ended, bool struck) {
  if (!ended.in_time) return "it did not end, or left a process behind";
  const Fault& fault = scenario.fault;
  const bool harmless = !struck || fault.blow == Blow::kDelay;
  if (harmless)
    return ended.code == 0 ? "" : "it failed, though nothing happened that it cannot bear";
  if (fault.blow == Blow::kAsk) {
    // Before the first step there is nothing to be kept, and the last may come first.
    const bool early = fault.phase == Phase::kStart && ended.code == 1;
    return ended.code == kStoppedCode || ended.code == 0 || early ? "" : "wrong exit code";
  }
  if (ended.code == 0) {
    // It had done its part.
    return fault.phase == Phase::kExit || fault.milliseconds > 0 ? "" : "it did not fail";
  }
  if (ended.code != 1) return absl::StrCat("it ended with code ", ended.code);
  // Alone, or among others that did not come either.
  const std::regex named(absl::StrCat("ranks? ([0-9]+, )*", fault.victim, "\\b"));
  return std::regex_search(ended.text, named) ? "" : "the error does not name the culprit";
}

Verdict Campaign::Run(const Scenario& scenario) {
  const std::string& expected = Expected(scenario);
  const std::string output = absl::StrCat(folder_, "/run");
  fs::remove_all(output);
  const Ended ended = Start(scenario, output, /*faulty=*/true, /*resume=*/false);
  const double end = Now();
  Verdict verdict;
  struct stat status = {};
  verdict.struck = stat((output + "/" + kStruck).c_str(), &status) == 0;
  if (verdict.struck) {
    verdict.ended_after = end - static_cast<double>(status.st_mtim.tv_sec) -
                          1e-9 * static_cast<double>(status.st_mtim.tv_nsec);
    const bool silent = scenario.fault.blow == Blow::kStop;
    const double limit = kEndSeconds + (silent ? 1e-3 * static_cast<double>(kTimeout.count()) : 0);
    if (verdict.ended_after > limit) verdict.problem = "it took too long to end";
  }
  if (verdict.problem.empty()) verdict.problem = Check(scenario, ended, verdict.struck);
  std::string text = ended.text;
  if (verdict.problem.empty() && ended.code != 0) {
    const Ended resumed = Start(scenario, output, /*faulty=*/false, /*resume=*/true);
    text += resumed.text;
    if (resumed.code != 0) verdict.problem = "it did not go on";
    // The same bits can also be had from the start.
    if (ended.code == kStoppedCode && resumed.text.find("resumed after") == std::string::npos) {
      verdict.problem = "it began anew instead of going on";
    }
    if (resumed.text.find("damaged") != std::string::npos) {
      verdict.problem = "a checkpoint is damaged";
    }
  }
  if (verdict.problem.empty() && OutcomeOf(scenario, output) != expected) {
    verdict.problem = "losses or weights are others than without the fault";
  }
  if (!verdict.problem.empty()) absl::StrAppend(&verdict.problem, "\n", text);
  return verdict;
}

}  // namespace experiments
