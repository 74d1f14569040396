#ifndef EXPERIMENTS_TRAINING_LAUNCHER_H_
#define EXPERIMENTS_TRAINING_LAUNCHER_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace experiments {

struct RankFailure {
  int rank = 0;
  std::string cause;  // "exited with code 1", "was killed by signal 9 (Killed)"
};

// How a group of ranks ended.
struct LaunchOutcome {
  // The rank that failed before all others; of those that failed at one time the lowest.
  std::optional<RankFailure> first_failure;
  std::optional<int> signal;  // That asked us to end, and was passed on.
  bool stopped = false;       // A rank has ended with kStoppedCode.
};

struct LaunchTimes {
  // For the others to notice that one has failed, and again to end when they are asked to.
  std::chrono::milliseconds grace = std::chrono::seconds(3);
  // To end after a signal, with a checkpoint, or after one of them has ended.
  std::chrono::milliseconds stopping = std::chrono::minutes(5);
};

// Runs `body(rank)`, whose value is the exit code, in one forked process per rank, and returns when
// all are gone. Forking without a new program spares each rank the loading of libraries, so call it
// before the process has threads.
//
// SIGINT, SIGTERM, SIGHUP and SIGUSR1 are passed on to the ranks as SIGTERM; a second one kills
// them. Once a rank has failed the others have the time `grace` to notice by themselves and say what
// they saw before they are asked to end, and as long again before they are killed. Should this
// process be killed, so are the ranks. Throws core::Error if a process cannot be made.
LaunchOutcome LaunchRanks(int ranks, const std::function<int(int rank)>& body,
                          LaunchTimes times = {});

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_LAUNCHER_H_
