#include "experiments/training/interruption.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace experiments {
namespace {

volatile std::sig_atomic_t caught = 0;
volatile std::sig_atomic_t caught_seconds = 0;
volatile std::sig_atomic_t insisted = 0;

std::sig_atomic_t Seconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::sig_atomic_t>(now.tv_sec);
}

void OnSignal(int signal) {
  if (caught != 0) {
    if (Seconds() - caught_seconds > 1) insisted = 1;
    return;
  }
  caught_seconds = Seconds();
  caught = signal;
}

}  // namespace

std::vector<int> StopSignals() {
  std::vector<int> signals;
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    struct sigaction action = {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) signals.push_back(signal);
  }
  return signals;
}

void CatchInterruptions() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  for (int signal : StopSignals()) sigaction(signal, &action, nullptr);
}

bool Interrupted() { return caught != 0; }

void StopIfInsisted() {
  if (insisted != 0) StopIfInterrupted();
}

void StopIfInterrupted() {
  if (caught == 0) return;
  throw core::Error(absl::StrCat("interrupted by signal ", caught, " (", strsignal(caught),
                                 "); the results so far are marked as partial"));
}

}  // namespace experiments
