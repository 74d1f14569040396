#include "experiments/testing/command.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace experiments::testing {
namespace {

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

[[noreturn]] void Execute(std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& environment,
                          const std::string& folder) {
  setpgid(0, 0);
  for (const char* name : {"RANK", "WORLD_SIZE", "BUILD_WORKING_DIRECTORY", "OMP_WAIT_POLICY"}) {
    unsetenv(name);
  }
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  dup2(open((folder + "/out").c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
  dup2(open((folder + "/err").c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  _exit(127);
}

}  // namespace

std::string MakeFolder() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string folder = std::string(base == nullptr ? "/tmp" : base) + "/test-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder " + folder);
  return folder;
}

Command::Command(std::vector<std::string> arguments, std::map<std::string, std::string> environment)
    : folder_(MakeFolder()) {
  process_ = fork();
  if (process_ == 0) Execute(arguments, environment, folder_);
  setpgid(process_, process_);
}

Command::~Command() {
  if (process_ <= 0) return;
  kill(-process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

std::vector<pid_t> Command::Children() const {
  std::ifstream file("/proc/" + std::to_string(process_) + "/task/" + std::to_string(process_) +
                     "/children");
  std::vector<pid_t> children;
  for (pid_t child; file >> child;) children.push_back(child);
  std::sort(children.begin(), children.end());
  return children;
}

std::string Command::Output() const { return ReadAll(folder_ + "/out"); }

Ended Command::Wait(std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  int status = 0;
  bool timed_out = false;
  while (waitpid(process_, &status, WNOHANG) == 0) {
    if (!timed_out && std::chrono::steady_clock::now() > deadline) {
      timed_out = true;
      kill(-process_, SIGKILL);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  process_ = -1;
  Ended ended{.output = ReadAll(folder_ + "/out"), .errors = ReadAll(folder_ + "/err")};
  ended.code = timed_out ? -1 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return ended;
}

}  // namespace experiments::testing
