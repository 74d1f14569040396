#include "experiments/common/job_pool.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

#include <cerrno>
#include <list>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/process.h"

namespace experiments {
namespace {

// The jobs that run, each a child whose result comes through a pipe.
class Children {
 public:
  size_t count() const { return children_.size(); }
  int64_t memory_bytes() const { return memory_bytes_; }

  void Start(const Job& job, size_t index) {
    children_.push_back({&job, index, core::ValueOrThrow(core::Process::Call(job.run))});
    memory_bytes_ += job.memory_bytes;
  }

  struct Result {
    size_t job;
    std::string text;
  };
  // Waits until at least one has ended. Throws if one failed.
  std::vector<Result> Wait() {
    std::vector<Result> results;
    while (results.empty()) {
      std::vector<pollfd> files;
      for (const Child& child : children_) files.push_back({child.process.source(), POLLIN, 0});
      if (poll(files.data(), files.size(), -1) < 0 && errno != EINTR) {
        throw core::Error(absl::StrCat("cannot wait: ", strerror(errno)));
      }
      auto child = children_.begin();
      for (const pollfd& file : files) {
        const auto next = std::next(child);
        if (file.revents != 0 && !child->process.ReadSome()) results.push_back(End(child));
        child = next;
      }
    }
    return results;
  }

 private:
  struct Child {
    const Job* job;
    size_t index;
    core::Process process;
  };

  Result End(std::list<Child>::iterator position) {
    Child child = std::move(*position);
    children_.erase(position);
    memory_bytes_ -= child.job->memory_bytes;
    const core::ExitStatus status = child.process.Wait();
    if (status.signal) {
      throw core::Error(absl::StrCat(child.job->name, " was ended by signal ", *status.signal,
                                     status.signal == SIGKILL ? ": memory ran out" : ""));
    }
    if (status.code != 0) {
      throw core::Error(absl::StrCat(child.job->name, ": ", child.process.text()));
    }
    return {child.index, child.process.text()};
  }

  std::list<Child> children_;
  int64_t memory_bytes_ = 0;
};

}  // namespace

void RunJobs(const std::vector<Job>& jobs, const JobLimits& limits,
             const std::function<void(size_t job, const std::string& result)>& on_result) {
  Children children;
  for (size_t next = 0; next < jobs.size() || children.count() > 0;) {
    const bool fits = next < jobs.size() &&
                      (children.count() == 0 ||
                       (children.count() < static_cast<size_t>(limits.processes) &&
                        children.memory_bytes() + jobs[next].memory_bytes <= limits.memory_bytes));
    if (fits) {
      children.Start(jobs[next], next);
      ++next;
      continue;
    }
    for (const auto& [job, text] : children.Wait()) on_result(job, text);
  }
}

}  // namespace experiments
