#ifndef CORE_BASE_PROCESS_H_
#define CORE_BASE_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace core {

// A program with all that it is started with. Of this process's open files it has but the standard
// ones.
struct Program {
  // The program itself first: a path, or a name that is looked for in PATH.
  std::vector<std::string> arguments;
  // Added to this process's; what has no value is taken away.
  std::map<std::string, std::optional<std::string>> environment;
  std::string folder;         // That it runs in; empty: this process's.
  std::string output;         // The file its output goes to, anew; empty: where this one's goes.
  std::string errors;         // Likewise, of what it writes to stderr; may be the same file.
  bool no_input = false;      // It reads nothing, instead of what this process would read.
  bool capture = false;       // What it writes to stdout is handed over instead: Process::text.
  bool group_of_own = false;  // Signals of the terminal pass it by, and ours reach its children.
};

// How a process ended.
struct ExitStatus {
  int code = 0;                   // Of a killed one 128 + the signal.
  std::optional<int> signal;      // That killed it.
  int64_t peak_memory_bytes = 0;  // Resident.

  // "exited with code 1", "was killed by signal 9 (Killed)"
  std::string ToString() const;
};

// A process that this one has started. It does not outlive us: should this process be killed, or the
// thread that started it end, it is killed.
class Process {
 public:
  // Errors name the program, or the file of its that cannot be opened, and say what the system said;
  // kNotFound if there is no such program.
  static absl::StatusOr<Process> Start(const Program& program);
  // Runs `body` in a copy of this process, whose value is the exit code, and which runs nothing at
  // its end that belongs to this one. Without loading a program it is there at once. Call it while
  // this process has one thread.
  static absl::StatusOr<Process> Fork(const std::function<int()>& body);
  // The same for a function whose value is handed over as `text`; of an exception what it says, and
  // the exit code is 1.
  static absl::StatusOr<Process> Call(const std::function<std::string()>& function);

  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();  // Kills it if it still runs.

  pid_t id() const { return id_; }
  // To all of its group if it has one of its own. A stopped process is woken, else it would not
  // hear.
  void Signal(int signal) const;

  // Waits until it has ended; reads what it hands over meanwhile. May be asked again.
  const ExitStatus& Wait();
  // The same for so long at most; empty if it still runs.
  std::optional<ExitStatus> WaitFor(std::chrono::milliseconds limit);

  // What it has handed over so far, and where more will come from, for poll(2).
  const std::string& text() const { return text_; }
  int source() const { return source_; }
  // Reads what there is, waiting for some; false at the end.
  bool ReadSome();

 private:
  Process() = default;
  bool Reap(int options);
  static absl::StatusOr<Process> Make(const std::function<int(int target)>& body, bool pipe);

  pid_t id_ = -1;
  bool group_of_own_ = false;
  std::optional<ExitStatus> ended_;
  int source_ = -1;
  std::string text_;
};

// Turns this process into `program`; returns only if that cannot be, with the reason. `capture` and
// `group_of_own` are for Process::Start alone.
absl::Status Execute(const Program& program);

}  // namespace core

#endif  // CORE_BASE_PROCESS_H_
