#include "experiments/common/job_pool.h"

#include <signal.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Job Named(const std::string& name, std::function<std::string()> run, int64_t memory_bytes = 0) {
  return {.name = name, .run = std::move(run), .memory_bytes = memory_bytes};
}

TEST(JobPool, HandsOverEveryResult) {
  std::vector<Job> jobs;
  for (int i = 0; i < 20; ++i) {
    jobs.push_back(Named("job", [i] { return std::string(static_cast<size_t>(i) * 10'000, 'x'); }));
  }
  std::vector<size_t> sizes(jobs.size());
  RunJobs(jobs, {.processes = 3},
          [&](size_t job, const std::string& result) { sizes[job] = result.size(); });
  for (size_t i = 0; i < sizes.size(); ++i) EXPECT_EQ(sizes[i], i * 10'000);
}

TEST(JobPool, AJobThatNeedsMoreMemoryThanThereIsRunsAlone) {
  const auto run = [] { return std::to_string(getpid()); };
  std::vector<Job> jobs = {Named("a", run, 80), Named("b", run, 80), Named("c", run, 500)};
  int results = 0;
  RunJobs(jobs, {.processes = 3, .memory_bytes = 100},
          [&](size_t job, const std::string&) { EXPECT_EQ(job, static_cast<size_t>(results++)); });
  EXPECT_EQ(results, 3);
}

std::string ErrorOf(std::function<std::string()> run) {
  try {
    RunJobs({Named("world of 7", std::move(run)), Named("other", [] { return "done"; })},
            {.processes = 1}, [](size_t, const std::string&) {});
  } catch (const core::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(JobPool, AJobsErrorIsThrownWithItsName) {
  EXPECT_EQ(ErrorOf([]() -> std::string { throw core::Error("rank 3 waits"); }),
            "world of 7: rank 3 waits");
}

TEST(JobPool, AJobThatIsKilledIsNamed) {
  EXPECT_THAT(ErrorOf([]() -> std::string {
                kill(getpid(), SIGKILL);
                return "";
              }),
              AllOf(HasSubstr("world of 7"), HasSubstr("signal 9"), HasSubstr("memory")));
}

}  // namespace
}  // namespace experiments
