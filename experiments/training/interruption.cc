#include "experiments/training/interruption.h"

#include <signal.h>
#include <string.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace experiments {
namespace {

volatile std::sig_atomic_t caught = 0;

}  // namespace

void CatchInterruptions() {
  struct sigaction action = {};
  action.sa_handler = [](int signal) { caught = signal; };
  action.sa_flags = SA_RESTART;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

void StopIfInterrupted() {
  if (caught == 0) return;
  throw core::Error(absl::StrCat("interrupted by signal ", caught, " (", strsignal(caught),
                                 "); the results so far are marked as partial"));
}

}  // namespace experiments
