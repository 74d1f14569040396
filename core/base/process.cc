#include "core/base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace core {
namespace {

constexpr int kCannotStart = 127;  // As shells say it.

// A program's arguments and environment as the system takes them, made before the process is, in
// which other threads' locks may be taken for good.
class Lists {
 public:
  explicit Lists(const Program& program) {
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string_view entry = *variable;
      const std::string name(entry.substr(0, entry.find('=')));
      if (!program.environment.contains(name)) environment_.push_back(*variable);
    }
    for (const auto& [name, value] : program.environment) {
      if (value) variables_.push_back(absl::StrCat(name, "=", *value));
    }
    for (std::string& variable : variables_) environment_.push_back(variable.data());
    for (const std::string& argument : program.arguments) {
      arguments_.push_back(const_cast<char*>(argument.c_str()));
    }
    environment_.push_back(nullptr);
    arguments_.push_back(nullptr);
  }
  Lists(const Lists&) = delete;

  void Execute() const { execvpe(arguments_[0], arguments_.data(), environment_.data()); }

 private:
  std::vector<std::string> variables_;
  std::vector<char*> environment_;
  std::vector<char*> arguments_;
};

// What kept a program from starting.
struct Failure {
  const char* path =
      nullptr;  // Of the program, whose copy in the new process is at the same place.
  int error = 0;
};

absl::Status Describe(const Program& program, const Failure& failure) {
  const std::string what = absl::StrCat("cannot start ", program.arguments[0]);
  if (failure.path == nullptr) return absl::ErrnoToStatus(failure.error, what);
  return absl::FailedPreconditionError(
      absl::ErrnoToStatus(failure.error, absl::StrCat(what, ": ", failure.path)).message());
}

// Opens `path` as the file `target`. Without path that stays what it is.
bool Redirect(const std::string& path, int flags, int target) {
  if (path.empty()) return true;
  const int file = open(path.c_str(), flags | O_CLOEXEC, 0666);
  return file >= 0 && dup2(file, target) >= 0;
}

// Known in the parent, too, which reads where a failure points to.
constexpr char kNothing[] = "/dev/null";

// Turns this process into the program. Takes no locks.
Failure Become(const Program& program, const Lists& lists) {
  constexpr int kAnew = O_WRONLY | O_CREAT | O_TRUNC;
  const auto failed = [](const char* path) { return Failure{path, errno}; };
  if (!program.folder.empty() && chdir(program.folder.c_str()) != 0) {
    return failed(program.folder.c_str());
  }
  if (program.no_input && !Redirect(kNothing, O_RDONLY, STDIN_FILENO)) return failed(kNothing);
  if (!Redirect(program.output, kAnew, STDOUT_FILENO)) return failed(program.output.c_str());
  if (!program.errors.empty() && program.errors == program.output) {
    dup2(STDOUT_FILENO, STDERR_FILENO);  // Opened twice one would overwrite the other.
  } else if (!Redirect(program.errors, kAnew, STDERR_FILENO)) {
    return failed(program.errors.c_str());
  }
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  lists.Execute();
  return {nullptr, errno};
}

void WriteAll(int target, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(target, text.data(), text.size());
    if (count < 0 && errno != EINTR) return;
    if (count > 0) text.remove_prefix(static_cast<size_t>(count));
  }
}

// What throws here ends the copy, not what the process it was copied from would do next.
[[noreturn]] void RunCopy(const std::function<int(int target)>& body, int target,
                          pid_t parent) noexcept {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // It died before it could be watched.
  _exit(body(target));  // What static destructors would free, the system frees faster.
}

}  // namespace

std::string ExitStatus::ToString() const {
  if (signal) return absl::StrCat("was killed by signal ", *signal, " (", strsignal(*signal), ")");
  if (code < 0) return "was lost sight of";
  return absl::StrCat("exited with code ", code);
}

absl::StatusOr<Process> Process::Make(const std::function<int(int target)>& body, bool pipe) {
  std::array<int, 2> ends = {-1, -1};
  if (pipe && pipe2(ends.data(), O_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make a pipe");
  }
  const pid_t parent = getpid();
  Process process;
  process.id_ = fork();
  if (process.id_ == 0) RunCopy(body, ends[1], parent);
  const int error = errno;
  process.source_ = ends[0];
  if (pipe) close(ends[1]);
  if (process.id_ < 0) return absl::ErrnoToStatus(error, "cannot start a process");
  return process;
}

absl::StatusOr<Process> Process::Fork(const std::function<int()>& body) {
  std::fflush(nullptr);  // Else both would write what is buffered.
  return Make(
      [&body](int) {
        const int code = body();
        std::fflush(nullptr);
        return code;
      },
      false);
}

absl::StatusOr<Process> Process::Call(const std::function<std::string()>& function) {
  std::fflush(nullptr);
  return Make(
      [&function](int target) {
        int code = 0;
        try {
          WriteAll(target, function());
        } catch (const std::bad_alloc&) {
          WriteAll(target, "not enough memory");
          code = 1;
        } catch (const std::exception& error) {
          WriteAll(target, error.what());
          code = 1;
        }
        std::fflush(nullptr);
        return code;
      },
      true);
}

absl::StatusOr<Process> Process::Start(const Program& program) {
  const Lists lists(program);
  std::array<int, 2> report = {};  // Closed by the start of the program.
  if (pipe2(report.data(), O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  absl::StatusOr<Process> process = Make(
      [&](int target) {
        if (program.group_of_own) setpgid(0, 0);
        if (program.capture) dup2(target, STDOUT_FILENO);
        const Failure failure = Become(program, lists);
        WriteAll(report[1], {reinterpret_cast<const char*>(&failure), sizeof(failure)});
        return kCannotStart;
      },
      program.capture);
  close(report[1]);
  Failure failure;
  ssize_t got = 0;
  while (process.ok() && (got = read(report[0], &failure, sizeof(failure))) < 0 && errno == EINTR) {
  }
  close(report[0]);
  if (!process.ok()) return process.status();
  if (got > 0) return Describe(program, failure);
  process->group_of_own_ = program.group_of_own;
  return process;
}

absl::Status Execute(const Program& program) {
  return Describe(program, Become(program, Lists(program)));
}

Process::Process(Process&& other) noexcept { *this = std::move(other); }

Process& Process::operator=(Process&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(group_of_own_, other.group_of_own_);
  std::swap(ended_, other.ended_);
  std::swap(source_, other.source_);
  std::swap(text_, other.text_);
  return *this;
}

Process::~Process() {
  if (source_ >= 0) close(source_);
  if (id_ <= 0) return;
  Signal(SIGKILL);
  Reap(0);
}

void Process::Signal(int signal) const {
  if (ended_) return;
  const pid_t target = group_of_own_ ? -id_ : id_;
  kill(target, signal);
  kill(target, SIGCONT);
}

bool Process::Reap(int options) {
  if (ended_) return true;
  int status = 0;
  rusage usage = {};
  pid_t ended = 0;
  while ((ended = wait4(id_, &status, options, &usage)) < 0 && errno == EINTR) {
  }
  if (ended == 0) return false;
  ended_ = ExitStatus{.peak_memory_bytes = int64_t{usage.ru_maxrss} * 1024};
  if (ended < 0) {
    ended_->code = -1;  // Where SIGCHLD is ignored the system keeps no status.
  } else if (WIFSIGNALED(status)) {
    ended_->signal = WTERMSIG(status);
    ended_->code = 128 + WTERMSIG(status);
  } else {
    ended_->code = WEXITSTATUS(status);
  }
  return true;
}

bool Process::ReadSome() {
  if (source_ < 0) return false;
  std::array<char, 1 << 16> bytes;
  const ssize_t count = read(source_, bytes.data(), bytes.size());
  if (count > 0) text_.append(bytes.data(), static_cast<size_t>(count));
  if (count > 0 || (count < 0 && errno == EINTR)) return true;
  close(std::exchange(source_, -1));
  return false;
}

const ExitStatus& Process::Wait() {
  while (ReadSome()) {
  }
  Reap(0);
  return *ended_;
}

std::optional<ExitStatus> Process::WaitFor(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    const bool ended = Reap(WNOHANG);
    const bool late = std::chrono::steady_clock::now() >= deadline;
    pollfd file = {source_, POLLIN, 0};  // Of no file it is a pause.
    if (poll(&file, 1, ended || late ? 0 : 5) > 0 && ReadSome() && (ended || !late)) continue;
    if (ended) return ended_;
    if (late) return std::nullopt;
  }
}

}  // namespace core
