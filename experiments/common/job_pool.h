#ifndef EXPERIMENTS_COMMON_JOB_POOL_H_
#define EXPERIMENTS_COMMON_JOB_POOL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace experiments {

// Work that a process of its own does: its processor time and peak memory are its own, and it
// leaves nothing behind.
struct Job {
  std::string name;                  // For errors.
  std::function<std::string()> run;  // Its result; may throw core::Error.
  int64_t memory_bytes = 0;          // That it is expected to need.
};

struct JobLimits {
  int processes = 1;
  int64_t memory_bytes = 0;  // Of all jobs that run at a time; a job that needs more runs alone.
};

// Runs all jobs, beginning in their order, and hands over each result as it comes. Throws
// core::Error for the first that fails, after ending the others. Call it while the process has one
// thread.
void RunJobs(const std::vector<Job>& jobs, const JobLimits& limits,
             const std::function<void(size_t job, const std::string& result)>& on_result);

}  // namespace experiments

#endif  // EXPERIMENTS_COMMON_JOB_POOL_H_
