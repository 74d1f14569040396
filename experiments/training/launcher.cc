#include "experiments/training/launcher.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace experiments {
namespace {

using SteadyClock = std::chrono::steady_clock;

sigset_t HandledSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

// Our signals wait until they are asked for, so that none is lost between a fork and the wait.
class BlockedSignals {
 public:
  BlockedSignals() {
    const sigset_t signals = HandledSignals();
    sigprocmask(SIG_BLOCK, &signals, &before_);
  }
  ~BlockedSignals() { Restore(); }
  void Restore() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

std::string Describe(int status) {
  if (!WIFSIGNALED(status)) return absl::StrCat("exited with code ", WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  return absl::StrCat("was killed by signal ", signal, " (", strsignal(signal), ")");
}

class Launcher {
 public:
  explicit Launcher(std::chrono::milliseconds grace) : grace_(grace) {}

  void Start(int ranks, const std::function<int(int)>& body) {
    fflush(nullptr);  // Or every rank would print what is still buffered here.
    const pid_t parent = getpid();
    for (int rank = 0; rank < ranks; ++rank) {
      const pid_t process = fork();
      if (process == 0) RunChild(rank, parent, body);
      if (process < 0) {
        const std::string cause = strerror(errno);
        SendAll(SIGKILL);
        while (!ranks_.empty()) Reap(0);
        throw core::Error(absl::StrCat("rank ", rank, ": no process could be made for it (", cause,
                                       "): use fewer ranks with --nproc_per_node"));
      }
      ranks_[process] = rank;
    }
  }

  LaunchOutcome Wait() {
    while (!ranks_.empty()) {
      const sigset_t signals = HandledSignals();
      const timespec tick{.tv_sec = 0, .tv_nsec = 100'000'000};
      const int signal = sigtimedwait(&signals, nullptr, &tick);
      if (signal > 0 && signal != SIGCHLD) OnSignal(signal);
      Reap(WNOHANG);
      Escalate();
    }
    return outcome_;
  }

 private:
  [[noreturn]] void RunChild(int rank, pid_t parent, const std::function<int(int)>& body) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // It died before it could be watched.
    signals_.Restore();
    const int code = body(rank);
    fflush(nullptr);
    _exit(code);  // What static destructors would free, the system frees faster.
  }

  void OnSignal(int signal) {
    SendAll(outcome_.signal ? SIGKILL : SIGTERM);
    if (!outcome_.signal) deadline_ = SteadyClock::now() + grace_;
    outcome_.signal = signal;
    asked_ = true;
  }

  void Reap(int options) {
    int status = 0;
    for (pid_t process; !ranks_.empty() && (process = waitpid(-1, &status, options)) > 0;) {
      const auto it = ranks_.find(process);
      if (it == ranks_.end()) continue;
      const int rank = it->second;
      ranks_.erase(it);
      const bool failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
      if (!failed || outcome_.first_failure) continue;
      outcome_.first_failure = RankFailure{rank, Describe(status)};
      if (!outcome_.signal) deadline_ = SteadyClock::now() + grace_;
    }
  }

  void Escalate() {
    if (!deadline_ || SteadyClock::now() < *deadline_) return;
    SendAll(asked_ ? SIGKILL : SIGTERM);
    asked_ = true;
    deadline_ = SteadyClock::now() + grace_;
  }

  void SendAll(int signal) {
    for (const auto& [process, rank] : ranks_) {
      kill(process, signal);
      kill(process, SIGCONT);  // A stopped one would not hear it.
    }
  }

  const std::chrono::milliseconds grace_;
  BlockedSignals signals_;
  std::map<pid_t, int> ranks_;  // Those that live.
  LaunchOutcome outcome_;
  bool asked_ = false;  // To end, by SIGTERM.
  std::optional<SteadyClock::time_point> deadline_;
};

}  // namespace

LaunchOutcome LaunchRanks(int ranks, const std::function<int(int rank)>& body,
                          std::chrono::milliseconds grace) {
  Launcher launcher(grace);
  launcher.Start(ranks, body);
  return launcher.Wait();
}

}  // namespace experiments
