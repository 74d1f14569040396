#ifndef CORE_TESTING_LIMITED_PROCESS_H_
#define CORE_TESTING_LIMITED_PROCESS_H_

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <string>

#include "core/base/error.h"
#include "core/base/process.h"

namespace core {

// Runs `function` in a copy of this process that may take `bytes` of memory more than it has, stacks
// of threads included. Returns what it returns or throws, or how it was killed. Sanitizers, which
// reserve all addresses, do not run under it.
inline std::string WithLimitedMemory(int64_t bytes, const std::function<std::string()>& function) {
  Process process = ValueOrThrow(Process::Call([bytes, &function]() -> std::string {
    int64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t limit = static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE) + bytes);
    const rlimit both = {limit, limit};
    setrlimit(RLIMIT_AS, &both);
    return function();
  }));
  const ExitStatus status = process.Wait();
  return status.signal ? status.ToString() : process.text();
}

}  // namespace core

#endif  // CORE_TESTING_LIMITED_PROCESS_H_
