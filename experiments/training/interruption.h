#ifndef EXPERIMENTS_TRAINING_INTERRUPTION_H_
#define EXPERIMENTS_TRAINING_INTERRUPTION_H_

namespace experiments {

// From here on SIGINT, SIGTERM and SIGHUP only ask this process to stop, between two steps.
void CatchInterruptions();

// Throws core::Error that names the signal, if one has come.
void StopIfInterrupted();

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_INTERRUPTION_H_
