#include "experiments/common/job_pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <list>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace experiments {
namespace {

constexpr int kFailed = 1;

core::Error SystemError(const std::string& what) {
  return core::Error(absl::StrCat("cannot ", what, ": ", strerror(errno)));
}

void WriteAll(int file, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = write(file, text.data() + done, text.size() - done);
    if (count > 0) done += static_cast<size_t>(count);
    if (count < 0 && errno != EINTR) _exit(kFailed);
  }
}

// The child: writes the job's result, or its error, and ends without running what belongs to the
// parent.
[[noreturn]] void Work(const Job& job, int file) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    WriteAll(file, job.run());
  } catch (const core::Error& error) {
    WriteAll(file, error.what());
    _exit(kFailed);
  }
  _exit(0);
}

// The jobs that run, each a child whose result comes through a pipe.
class Children {
 public:
  Children() = default;
  Children(const Children&) = delete;
  ~Children() {
    for (const Child& child : children_) {
      kill(child.process, SIGKILL);
      waitpid(child.process, nullptr, 0);
      close(child.file);
    }
  }

  size_t count() const { return children_.size(); }
  int64_t memory_bytes() const { return memory_bytes_; }

  void Start(const Job& job, size_t index) {
    int files[2];
    if (pipe(files) != 0) throw SystemError("make a pipe");
    std::fflush(nullptr);  // Else both would write what is buffered.
    const pid_t process = fork();
    if (process == 0) {
      close(files[0]);
      Work(job, files[1]);
    }
    close(files[1]);
    if (process < 0) {
      close(files[0]);
      throw SystemError("start a process");
    }
    children_.push_back({&job, index, process, files[0], ""});
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
      for (const Child& child : children_) files.push_back({child.file, POLLIN, 0});
      if (poll(files.data(), files.size(), -1) < 0 && errno != EINTR) throw SystemError("wait");
      auto child = children_.begin();
      for (const pollfd& file : files) {
        const auto next = std::next(child);
        if (file.revents != 0 && !Read(*child)) results.push_back(End(child));
        child = next;
      }
    }
    return results;
  }

 private:
  struct Child {
    const Job* job;
    size_t index;
    pid_t process;
    int file;
    std::string text;
  };

  // False at the end.
  static bool Read(Child& child) {
    char bytes[4096];
    const ssize_t count = read(child.file, bytes, sizeof(bytes));
    if (count > 0) child.text.append(bytes, static_cast<size_t>(count));
    return count > 0 || (count < 0 && errno == EINTR);
  }

  Result End(std::list<Child>::iterator position) {
    const Child child = *position;
    children_.erase(position);
    memory_bytes_ -= child.job->memory_bytes;
    close(child.file);
    int status = 0;
    while (waitpid(child.process, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
      throw core::Error(absl::StrCat(child.job->name, " was ended by signal ", WTERMSIG(status),
                                     WTERMSIG(status) == SIGKILL ? ": memory ran out" : ""));
    }
    if (WEXITSTATUS(status) != 0) {
      throw core::Error(absl::StrCat(child.job->name, ": ", child.text));
    }
    return {child.index, child.text};
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
