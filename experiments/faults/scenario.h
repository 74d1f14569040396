#ifndef EXPERIMENTS_FAULTS_SCENARIO_H_
#define EXPERIMENTS_FAULTS_SCENARIO_H_

#include <cstdint>
#include <string>

#include "core/strategies/strategies.h"

namespace experiments {

// Where in a run a rank is.
enum class Phase { kStart, kEpoch, kLoad, kStep, kValidation, kGathering, kCheckpoint, kExit };
inline constexpr int kPhases = 8;
const char* NameOf(Phase phase);

// What happens to a rank.
enum class Blow {
  kKill,   // SIGKILL.
  kStop,   // SIGSTOP: it hangs, with its connections open.
  kThrow,  // It finds an error.
  kDelay,  // It takes long, but less than the timeout.
  kAsk,    // SIGTERM, to it alone: all are to stop with a checkpoint.
};
inline constexpr int kBlows = 5;
const char* NameOf(Blow blow);

struct Fault {
  Blow blow = Blow::kKill;
  Phase phase = Phase::kStart;
  int occurrence = 0;    // Which time that the victim comes there, from 0.
  int milliseconds = 0;  // Later, by then perhaps in the next phase; 0: there.
  int victim = 0;
};

// One drawn run.
struct Scenario {
  uint64_t seed = 0;
  const core::StrategyEntry* strategy = nullptr;
  core::StrategyOptions options;
  int workers = 2;
  int ranks = 2;
  int64_t checkpoint_every = -1;
  bool children_ignored = false;  // SIGCHLD is, when the run starts.
  Fault fault;
};

// The same for the same seed.
Scenario DrawScenario(uint64_t seed);

// On one line.
std::string Describe(const Scenario& scenario);

}  // namespace experiments

#endif  // EXPERIMENTS_FAULTS_SCENARIO_H_
