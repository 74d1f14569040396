#ifndef EXPERIMENTS_COMMON_HOST_INFO_H_
#define EXPERIMENTS_COMMON_HOST_INFO_H_

#include <string>

namespace experiments {

// Processor cores this process may use.
int UsableCores();

// As the processor calls itself; "unknown" if it does not say.
std::string ProcessorName();

}  // namespace experiments

#endif  // EXPERIMENTS_COMMON_HOST_INFO_H_
