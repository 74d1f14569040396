#ifndef EXPERIMENTS_TRAINING_INTERRUPTION_H_
#define EXPERIMENTS_TRAINING_INTERRUPTION_H_

#include <vector>

namespace experiments {

// The exit code of a run that was asked to stop and left a checkpoint from which it can go on
// (EX_TEMPFAIL of sysexits.h).
inline constexpr int kStoppedCode = 75;

// SIGINT, SIGTERM, SIGHUP and SIGUSR1, without those that whoever started this program had it
// ignore, as nohup does.
std::vector<int> StopSignals();

// From here on these only ask this process to stop.
void CatchInterruptions();

// Whether one has come.
bool Interrupted();

// Throws core::Error that names the signal, if one has come, and another more than a second later:
// whoever sends a second one does not want to wait. (A terminal sends one to every process, and the
// launcher sends it on.)
void StopIfInsisted();

// Throws it after the first already.
void StopIfInterrupted();

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_INTERRUPTION_H_
