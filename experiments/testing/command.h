#ifndef EXPERIMENTS_TESTING_COMMAND_H_
#define EXPERIMENTS_TESTING_COMMAND_H_

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "core/base/process.h"

namespace experiments::testing {

// How a program ended.
struct Ended {
  int code = 0;  // Exit code; 128 + the signal that killed it; −1 if it had to be killed for time.
  std::string output;
  std::string errors;  // What it wrote to stderr.
};

// A program that runs beside the test, in a process group of its own.
class Command {
 public:
  // `environment` is added to the test's, without what would make the program a rank.
  explicit Command(std::vector<std::string> arguments,
                   std::map<std::string, std::string> environment = {});
  Command(Command&&) = delete;

  pid_t process() const { return process_.id(); }
  // Direct children that live, in the order in which they were made.
  std::vector<pid_t> Children() const;
  // What it has written to stdout so far.
  std::string Output() const;
  Ended Wait(std::chrono::seconds limit = std::chrono::seconds(120));

 private:
  std::string folder_;
  core::Process process_;  // Killed if it still runs when the test ends.
};

inline Ended RunCommand(std::vector<std::string> arguments,
                        std::map<std::string, std::string> environment = {}) {
  return Command(std::move(arguments), std::move(environment)).Wait();
}

// A folder of the test's own, empty.
std::string MakeFolder();

}  // namespace experiments::testing

#endif  // EXPERIMENTS_TESTING_COMMAND_H_
