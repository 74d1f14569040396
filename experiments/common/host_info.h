#ifndef EXPERIMENTS_COMMON_HOST_INFO_H_
#define EXPERIMENTS_COMMON_HOST_INFO_H_

#include <sys/types.h>

#include <string>

namespace experiments {

// Processor cores this process may use.
int UsableCores();

// As the processor calls itself; "unknown" if it does not say.
std::string ProcessorName();

// Seconds since `process` was started, to 10 ms; 0 if that is not known.
double SecondsSinceStart(pid_t process);

}  // namespace experiments

#endif  // EXPERIMENTS_COMMON_HOST_INFO_H_
