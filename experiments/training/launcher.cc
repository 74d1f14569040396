#include "experiments/training/launcher.h"

#include <signal.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/process.h"
#include "experiments/training/interruption.h"

namespace experiments {
namespace {

using SteadyClock = std::chrono::steady_clock;

sigset_t HandledSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  for (int signal : StopSignals()) sigaddset(&signals, signal);
  return signals;
}

// Our signals wait until they are asked for, so that none is lost between a fork and the wait.
class BlockedSignals {
 public:
  BlockedSignals() {
    // Whoever started us may have had it ignored: then nobody learns how children end.
    ::signal(SIGCHLD, SIG_DFL);
    const sigset_t signals = HandledSignals();
    sigprocmask(SIG_BLOCK, &signals, &before_);
  }
  ~BlockedSignals() { Restore(); }
  void Restore() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

class Launcher {
 public:
  explicit Launcher(LaunchTimes times) : times_(times) {}

  void Start(int ranks, const std::function<int(int)>& body) {
    for (int rank = 0; rank < ranks; ++rank) {
      absl::StatusOr<core::Process> process = core::Process::Fork([&] {
        signals_.Restore();
        return body(rank);
      });
      if (!process.ok()) {
        throw core::Error(absl::StrCat("rank ", rank, ": no process could be made for it (",
                                       process.status().message(),
                                       "): use fewer ranks with --nproc_per_node"));
      }
      ranks_.emplace_back(rank, *std::move(process));
    }
  }

  LaunchOutcome Wait() {
    while (!ranks_.empty()) {
      const sigset_t signals = HandledSignals();
      const timespec tick{.tv_sec = 0, .tv_nsec = 100'000'000};
      const int signal = sigtimedwait(&signals, nullptr, &tick);
      if (signal > 0 && signal != SIGCHLD) OnSignal(signal);
      Reap();
      Escalate();
    }
    return outcome_;
  }

 private:
  void OnSignal(int signal) {
    SendAll(outcome_.signal ? SIGKILL : SIGTERM);
    if (!outcome_.signal) deadline_ = SteadyClock::now() + times_.stopping;
    outcome_.signal = signal;
    asked_ = true;
  }

  void Reap() {
    std::erase_if(ranks_, [this](auto& entry) {
      auto& [rank, process] = entry;
      const std::optional<core::ExitStatus> status = process.WaitFor({});
      if (!status) return false;
      if (status->code == kStoppedCode) {
        outcome_.stopped = true;
      } else if (status->code != 0 && !outcome_.first_failure) {
        outcome_.first_failure = RankFailure{rank, status->ToString()};
        deadline_ = SteadyClock::now() + times_.grace;
      } else if (!deadline_) {
        deadline_ = SteadyClock::now() + times_.stopping;
      }
      return true;
    });
  }

  void Escalate() {
    if (ranks_.empty() || !deadline_ || SteadyClock::now() < *deadline_) return;
    if (!outcome_.signal && !outcome_.first_failure) {
      outcome_.first_failure =
          RankFailure{ranks_.front().first, "does not end, though others have"};
    }
    SendAll(asked_ ? SIGKILL : SIGTERM);
    asked_ = true;
    deadline_ = SteadyClock::now() + times_.grace;
  }

  void SendAll(int signal) {
    for (const auto& [rank, process] : ranks_) process.Signal(signal);
  }

  const LaunchTimes times_;
  BlockedSignals signals_;
  std::vector<std::pair<int, core::Process>> ranks_;  // Those that live.
  LaunchOutcome outcome_;
  bool asked_ = false;  // To end, by SIGTERM.
  std::optional<SteadyClock::time_point> deadline_;
};

}  // namespace

LaunchOutcome LaunchRanks(int ranks, const std::function<int(int rank)>& body, LaunchTimes times) {
  Launcher launcher(times);
  launcher.Start(ranks, body);
  return launcher.Wait();
}

}  // namespace experiments
