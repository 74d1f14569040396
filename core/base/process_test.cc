#include "core/base/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <new>
#include <stdexcept>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/temporary_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace core {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kLong = std::chrono::seconds(30);

Program Shell(const std::string& script) { return {.arguments = {"sh", "-c", script}}; }

Process Started(const Program& program) { return ValueOrThrow(Process::Start(program)); }

// What a script says.
std::string Said(Program program) {
  program.capture = true;
  Process process = Started(program);
  EXPECT_EQ(process.Wait().code, 0);
  return process.text();
}

std::string Content(const std::string& path) { return ValueOrThrow(ReadFile(path, 1 << 20)); }

int OpenFiles() {
  int count = 0;
  DIR* const folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

// "S" of one that sleeps, "T" of a stopped one, "Z" of one that has ended and was not waited for;
// empty if there is none.
std::string StateOf(pid_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/stat"));
  std::string id, name, state;
  file >> id >> name >> state;
  return state;
}

// Orphans that have ended stay zombies where nobody waits for them.
bool Lives(pid_t process) {
  const std::string state = StateOf(process);
  return !state.empty() && state != "Z" && state != "X";  // X: it is just being reaped.
}

bool EndsSoon(pid_t process) {
  const auto deadline = std::chrono::steady_clock::now() + kLong;
  while (Lives(process) && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return !Lives(process);
}

TEST(ProcessTest, TheExitCodeIsTold) {
  Process process = Started(Shell("exit 7"));
  EXPECT_EQ(process.Wait().code, 7);
  EXPECT_EQ(process.Wait().ToString(), "exited with code 7");
  EXPECT_EQ(process.Wait().signal, std::nullopt);
}

TEST(ProcessTest, AProgramThatIsNotThereIsNamed) {
  const auto process = Process::Start({.arguments = {"no-such-program", "--flag"}});
  EXPECT_TRUE(absl::IsNotFound(process.status()));
  EXPECT_EQ(process.status().message(), "cannot start no-such-program: No such file or directory");
  const auto folder = Process::Start({.arguments = {"/tmp"}});
  EXPECT_THAT(std::string(folder.status().message()), HasSubstr("/tmp: Permission denied"));
}

TEST(ProcessTest, AFileThatCannotBeOpenedIsNamedAndIsNoMissingProgram) {
  Program program = Shell("exit 0");
  program.output = "/nowhere/output";
  const absl::Status output = Process::Start(program).status();
  EXPECT_EQ(output.message(), "cannot start sh: /nowhere/output: No such file or directory");
  EXPECT_FALSE(absl::IsNotFound(output));
  program = Shell("exit 0");
  program.folder = "/nowhere";
  EXPECT_THAT(std::string(Process::Start(program).status().message()), HasSubstr("/nowhere"));
}

TEST(ProcessTest, AKilledProcessSaysBySignal) {
  Process process = Started(Shell("kill -9 $$"));
  EXPECT_EQ(process.Wait().ToString(), "was killed by signal 9 (Killed)");
  EXPECT_EQ(process.Wait().code, 137);
}

TEST(ProcessTest, OneThatIgnoresSigtermIsKilled) {
  const TemporaryFolder folder;
  Program program = Shell("trap '' TERM; echo ready; while :; do sleep 0.01; done");
  program.capture = true;
  Process process = Started(program);
  ASSERT_TRUE(process.ReadSome());
  process.Signal(SIGTERM);
  EXPECT_EQ(process.WaitFor(milliseconds(50)), std::nullopt);
  process.Signal(SIGKILL);
  const auto status = process.WaitFor(kLong);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->signal, SIGKILL);
}

TEST(ProcessTest, AStoppedProcessHearsSignals) {
  Process process = Started(Shell("kill -STOP $$; exit 0"));
  while (StateOf(process.id()) != "T") std::this_thread::yield();
  process.Signal(SIGTERM);
  const auto status = process.WaitFor(kLong);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->signal, SIGTERM);
}

TEST(ProcessTest, SignalsReachAllOfAGroup) {
  Program program = Shell("sleep 1000 & echo $!; wait");
  program.capture = program.group_of_own = true;
  Process process = Started(program);
  ASSERT_TRUE(process.ReadSome());
  const pid_t inner = std::stoi(process.text());
  EXPECT_TRUE(Lives(inner));
  process.Signal(SIGKILL);
  EXPECT_TRUE(process.WaitFor(kLong).has_value());
  EXPECT_TRUE(EndsSoon(inner));
}

TEST(ProcessTest, MegabytesAreHandedOver) {
  const std::string text = Said(Shell("head -c 5000000 /dev/zero"));
  EXPECT_EQ(text.size(), 5000000u);
  Program program = Shell("head -c 5000000 /dev/zero; exit 3");
  program.capture = true;
  Process process = Started(program);
  const auto status = process.WaitFor(kLong);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->code, 3);
  EXPECT_EQ(process.text().size(), 5000000u);
}

TEST(ProcessTest, ADeadlineHoldsAgainstEndlessOutput) {
  Program program = Shell("cat /dev/zero");
  program.capture = program.group_of_own = true;
  Process process = Started(program);
  EXPECT_EQ(process.WaitFor(milliseconds(20)), std::nullopt);
}

TEST(ProcessTest, OutputGoesToFiles) {
  const TemporaryFolder folder;
  Program program = Shell("echo out; echo err >&2; pwd");
  program.folder = folder.path();
  program.output = folder.path() + "/both";
  program.errors = program.output;
  Started(program).Wait();
  EXPECT_EQ(Content(program.output), "out\nerr\n" + folder.path() + "\n");
  program.errors = folder.path() + "/errors";
  Started(program).Wait();
  EXPECT_EQ(Content(program.output), "out\n" + folder.path() + "\n");
  EXPECT_EQ(Content(program.errors), "err\n");
}

TEST(ProcessTest, TheEnvironmentIsOursWithChanges) {
  setenv("PROCESS_TEST_KEPT", "kept", 1);
  setenv("PROCESS_TEST_CHANGED", "before", 1);
  setenv("PROCESS_TEST_GONE", "still here", 1);
  Program program =
      Shell("echo $PROCESS_TEST_KEPT $PROCESS_TEST_CHANGED ${PROCESS_TEST_GONE-gone}");
  program.environment = {{"PROCESS_TEST_CHANGED", "a=b c"}, {"PROCESS_TEST_GONE", std::nullopt}};
  EXPECT_EQ(Said(program), "kept a=b c gone\n");
  EXPECT_STREQ(getenv("PROCESS_TEST_CHANGED"), "before");
}

TEST(ProcessTest, AProgramHasNoneOfOurFilesAndLeavesNoneWithUs) {
  const int inherited = open("/dev/null", O_RDONLY);  // Without O_CLOEXEC.
  const int before = OpenFiles();
  Program program = Shell("ls /proc/self/fd | wc -l");
  program.no_input = true;
  EXPECT_EQ(std::stoi(Said(program)), 4);  // The standard ones, and the folder that is listed.
  EXPECT_FALSE(Process::Start({.arguments = {"no-such-program"}}).ok());
  ValueOrThrow(Process::Call([] { return std::string("text"); })).Wait();
  {
    Process unfinished = ValueOrThrow(Process::Call([] { return std::string("text"); }));
  }
  EXPECT_EQ(OpenFiles(), before);
  close(inherited);
}

TEST(ProcessTest, OneThatIsLetGoOfIsKilled) {
  pid_t id = 0;
  {
    Process process = Started(Shell("sleep 1000"));
    id = process.id();
    Process moved = std::move(process);
    EXPECT_TRUE(Lives(id));
  }
  EXPECT_FALSE(Lives(id));
}

TEST(ProcessTest, ACopyRunsAFunction) {
  const int here = 1;
  Process process = ValueOrThrow(Process::Fork([&] { return here + 41; }));
  EXPECT_EQ(process.Wait().code, 42);
  EXPECT_GT(process.Wait().peak_memory_bytes, 1 << 20);
}

TEST(ProcessTest, ACopyHandsOverTextOrError) {
  const std::string large(5000000, 'x');
  Process process = ValueOrThrow(Process::Call([&] { return large; }));
  EXPECT_EQ(process.Wait().code, 0);
  EXPECT_EQ(process.text(), large);
  Process failing = ValueOrThrow(
      Process::Call([]() -> std::string { throw Error("what went wrong and what to do"); }));
  EXPECT_EQ(failing.Wait().code, 1);
  EXPECT_EQ(failing.text(), "what went wrong and what to do");
  Process greedy = ValueOrThrow(Process::Call([]() -> std::string { throw std::bad_alloc(); }));
  EXPECT_EQ(greedy.Wait().code, 1);
  EXPECT_EQ(greedy.text(), "not enough memory");
  Process other = ValueOrThrow(
      Process::Call([]() -> std::string { return std::to_string(std::string().at(1)); }));
  EXPECT_EQ(other.Wait().code, 1);
  EXPECT_THAT(other.text(), HasSubstr("basic_string::at"));
}

TEST(ProcessTest, WhatThrowsInACopyEndsTheCopyAlone) {
  Process process =
      ValueOrThrow(Process::Fork([]() -> int { throw std::runtime_error("expected here"); }));
  EXPECT_EQ(process.Wait().signal, SIGABRT);
}

TEST(ProcessTest, NoneOutlivesTheProcessThatStartedIt) {
  Program program = Shell("echo $$; exec sleep 1000");
  const TemporaryFolder folder;
  program.output = folder.path() + "/id";
  Process middle = ValueOrThrow(Process::Fork([&] {
    Process inner = Started(program);
    return inner.Wait().code;
  }));
  std::string said;
  while (said.empty() || said.back() != '\n') {
    said = ReadFile(program.output, 100).value_or("");
  }
  const pid_t inner = std::stoi(said);
  EXPECT_TRUE(Lives(inner));
  middle.Signal(SIGKILL);
  middle.Wait();
  EXPECT_TRUE(EndsSoon(inner));
}

TEST(ProcessTest, AProgramTurnsIntoAnother) {
  Process process = ValueOrThrow(Process::Call([]() -> std::string {
    const absl::Status status = Execute({.arguments = {"no-such-program"}});
    return std::string(status.message());
  }));
  process.Wait();
  EXPECT_THAT(process.text(), HasSubstr("no-such-program"));
  Process other = ValueOrThrow(Process::Fork([] {
    const absl::Status status = Execute(Shell("exit 9"));
    return 1;
  }));
  EXPECT_EQ(other.Wait().code, 9);
}

}  // namespace
}  // namespace core
