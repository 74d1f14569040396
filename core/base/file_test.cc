#include "core/base/file.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  const std::string folder_ = ::testing::TempDir() + "/file_test";
  const std::string path_ = folder_ + "/a.json";
};

TEST_F(FileTest, WhatIsWrittenIsRead) {
  ASSERT_TRUE(WriteFile(path_, "old").ok());
  ASSERT_TRUE(WriteFile(path_, "new\n").ok());
  const auto text = ReadFile(path_, 100);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, "new\n");
  EXPECT_THAT(Names(), ElementsAre("a.json"));
}

TEST_F(FileTest, AFileHasThePermissionsOfAnyOther) {
  std::ofstream(folder_ + "/other") << "x";
  ASSERT_TRUE(WriteFile(path_, "x").ok());
  EXPECT_EQ(std::filesystem::status(path_).permissions(),
            std::filesystem::status(folder_ + "/other").permissions());
}

TEST_F(FileTest, MissingFoldersAreMade) {
  ASSERT_TRUE(WriteFile(folder_ + "/b/c/a.json", "x").ok());
  EXPECT_TRUE(std::filesystem::is_regular_file(folder_ + "/b/c/a.json"));
}

TEST_F(FileTest, AFolderThatCannotBeIsNamed) {
  ASSERT_TRUE(WriteFile(path_, "x").ok());
  const std::string inside = path_ + "/b.json";
  EXPECT_EQ(WriteFile(inside, "x").message(), "cannot write " + inside +
                                                  ": Not a directory; choose a folder that can be "
                                                  "written instead of " +
                                                  path_);
}

TEST_F(FileTest, AFolderOrDeviceIsNotReplaced) {
  EXPECT_THAT(std::string(WriteFile(folder_, "x").message()), HasSubstr("is not a file"));
  EXPECT_THAT(std::string(WriteFile("/dev/null", "x").message()), HasSubstr("is not a file"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

// A child of its own, since neither limit nor mount must outlive the test. Ends with 0 where `body`
// is true, with 2 where the machine does not let it try.
template <typename Body>
int ExitCodeOf(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(FileTest, AWriteThatFailsLeavesTheOldFile) {
  ASSERT_TRUE(WriteFile(path_, "old").ok());
  EXPECT_EQ(ExitCodeOf([this] {
              signal(SIGXFSZ, SIG_IGN);
              const rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
              setrlimit(RLIMIT_FSIZE, &limit);
              return WriteFile(path_, std::string(2000, 'x')).ok() ? 1 : 0;
            }),
            0);
  EXPECT_EQ(*ReadFile(path_, 100), "old");
  EXPECT_THAT(Names(), ElementsAre("a.json"));
}

TEST_F(FileTest, AFullDiskIsNamedWithAdvice) {
  const int code = ExitCodeOf([this] {
    const uid_t user = getuid();
    if (unshare(CLONE_NEWNS) != 0) {
      if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return 2;
      std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    }
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 2;
    if (mount("small", folder_.c_str(), "tmpfs", 0, "size=16k") != 0) return 2;
    const std::string message(WriteFile(path_, std::string(100000, 'x')).message());
    if (message == "cannot write " + path_ + ": No space left on device; make room in " + folder_ +
                       " or choose another folder" &&
        Names().empty()) {
      return 0;
    }
    std::cerr << message << std::endl;
    return 1;
  });
  if (code == 2) GTEST_SKIP() << "no leave to mount a small disk";
  EXPECT_EQ(code, 0);
}

TEST_F(FileTest, WhatIsNoFileOfTheExpectedSizeIsRefused) {
  ASSERT_TRUE(WriteFile(path_, std::string(101, 'x')).ok());
  mkfifo((folder_ + "/pipe").c_str(), 0600);
  EXPECT_EQ(ReadFile(path_, 100).status().message(),
            "cannot read " + path_ + ": found 101 bytes, expected at most 100");
  EXPECT_EQ(ReadFile(folder_ + "/none", 100).status().message(),
            "cannot read " + folder_ + "/none: No such file or directory");
  EXPECT_THAT(std::string(ReadFile(folder_, 100).status().message()), HasSubstr("not a file"));
  EXPECT_THAT(std::string(ReadFile(folder_ + "/pipe", 100).status().message()),
              HasSubstr("not a file"));
}

}  // namespace
}  // namespace core
