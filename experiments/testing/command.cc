#include "experiments/testing/command.h"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "core/base/error.h"

namespace experiments::testing {
namespace {

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

core::Process Start(std::vector<std::string> arguments,
                    const std::map<std::string, std::string>& environment,
                    const std::string& folder) {
  core::Program program = {.arguments = std::move(arguments),
                           .output = folder + "/out",
                           .errors = folder + "/err",
                           .group_of_own = true};
  program.environment.insert(environment.begin(), environment.end());
  for (const char* name : {"RANK", "WORLD_SIZE", "BUILD_WORKING_DIRECTORY", "OMP_WAIT_POLICY"}) {
    program.environment.try_emplace(name, std::nullopt);
  }
  return core::ValueOrThrow(core::Process::Start(program));
}

}  // namespace

std::string MakeFolder() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string folder = std::string(base == nullptr ? "/tmp" : base) + "/test-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder " + folder);
  return folder;
}

Command::Command(std::vector<std::string> arguments, std::map<std::string, std::string> environment)
    : folder_(MakeFolder()), process_(Start(std::move(arguments), environment, folder_)) {}

std::vector<pid_t> Command::Children() const {
  std::ifstream file("/proc/" + std::to_string(process()) + "/task/" + std::to_string(process()) +
                     "/children");
  std::vector<pid_t> children;
  for (pid_t child; file >> child;) children.push_back(child);
  std::sort(children.begin(), children.end());
  return children;
}

std::string Command::Output() const { return ReadAll(folder_ + "/out"); }

Ended Command::Wait(std::chrono::seconds limit) {
  const bool in_time = process_.WaitFor(limit).has_value();
  if (!in_time) process_.Signal(SIGKILL);
  process_.Wait();
  return {.code = in_time ? process_.Wait().code : -1,
          .output = ReadAll(folder_ + "/out"),
          .errors = ReadAll(folder_ + "/err")};
}

}  // namespace experiments::testing
