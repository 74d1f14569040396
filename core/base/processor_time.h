#ifndef CORE_BASE_PROCESSOR_TIME_H_
#define CORE_BASE_PROCESSOR_TIME_H_

#include <sys/resource.h>
#include <time.h>

namespace core {

// Seconds that processors have spent on this process, in the system's code, too.
inline double ProcessorSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Those spent on the calling thread.
inline double ThreadProcessorSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace core

#endif  // CORE_BASE_PROCESSOR_TIME_H_
