#ifndef EXPERIMENTS_TRAINING_PROCESS_AGE_H_
#define EXPERIMENTS_TRAINING_PROCESS_AGE_H_

#include <sys/types.h>

namespace experiments {

// Seconds since `process` was started, to 10 ms; 0 if that is not known.
double SecondsSinceStart(pid_t process);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_PROCESS_AGE_H_
