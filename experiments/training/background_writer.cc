#include "experiments/training/background_writer.h"

#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <exception>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace experiments {
namespace {

absl::Status WriteAndSay(const std::function<absl::Status()>& write) {
  absl::Status status;
  try {
    status = write();
  } catch (const std::exception& error) {  // Memory.
    status = absl::ResourceExhaustedError(error.what());
  }
  if (!status.ok()) {
    std::fprintf(stderr, "%s; the run goes on without it\n", std::string(status.message()).c_str());
  }
  return status;
}

}  // namespace

void BackgroundWriter::Run(std::function<absl::Status()> write) {
  (void)Finish();
  // Signals are for the thread that trains.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    running_ = std::async(std::launch::async, [write] { return WriteAndSay(write); });
  } catch (const std::system_error&) {  // No thread: then here.
    running_ = std::async(std::launch::deferred, [write] { return WriteAndSay(write); });
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

absl::Status BackgroundWriter::Finish() {
  return running_.valid() ? running_.get() : absl::OkStatus();
}

}  // namespace experiments
