#include "experiments/common/commit.h"

#include <errno.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "core/base/temporary_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using ::testing::MatchesRegex;

class CommitTest : public ::testing::Test {
 protected:
  CommitTest() { setenv("BUILD_WORKSPACE_DIRECTORY", folder_.path().c_str(), 1); }

  void Write(const std::string& name, const std::string& text) {
    core::ThrowIfError(core::WriteFile(folder_.path() + "/" + name, text));
  }
  // False where there is no git.
  bool Git(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"git", "-c", "user.name=A", "-c", "user.email=a@example.org"});
    auto git = core::Process::Start(
        {.arguments = arguments, .folder = folder_.path(), .output = "/dev/null"});
    return git.ok() && git->Wait().code == 0;
  }

  const core::TemporaryFolder folder_;
};

TEST_F(CommitTest, ATreeThatWasChangedIsMarked) {
  if (!Git({"init"})) GTEST_SKIP() << "there is no git";
  Write("file", "first");
  ASSERT_TRUE(Git({"add", "file"}));
  ASSERT_TRUE(Git({"commit", "-m", "first"}));
  const std::string first = Commit();
  EXPECT_THAT(first, MatchesRegex("[0-9a-f]{12}"));
  Write("built", "a file that git does not know");
  EXPECT_EQ(Commit(), first);
  Write("file", "changed");
  EXPECT_EQ(Commit(), first + "-dirty");
  ASSERT_TRUE(Git({"commit", "-a", "-m", "second"}));
  ASSERT_TRUE(Git({"tag", "-a", "-m", "", "v1"}));
  EXPECT_THAT(Commit(), MatchesRegex("[0-9a-f]{12}"));
  EXPECT_NE(Commit(), first);
}

TEST_F(CommitTest, WithoutATreeItIsUnknown) {
  EXPECT_EQ(Commit(), "unknown");
  setenv("BUILD_WORKSPACE_DIRECTORY", "/nowhere", 1);
  EXPECT_EQ(Commit(), "unknown");
}

TEST_F(CommitTest, TheTreeOfAProgramInBazelBinIsFound) {
  if (!Git({"init"})) GTEST_SKIP() << "there is no git";
  unsetenv("BUILD_WORKSPACE_DIRECTORY");
  std::string program = folder_.path() + "/bazel-bin/experiments/simulate";
  program_invocation_name = program.data();
  Write("file", "first");
  ASSERT_TRUE(Git({"add", "file"}));
  ASSERT_TRUE(Git({"commit", "-m", "first"}));
  EXPECT_EQ(Commit(), "unknown");  // The tree of something else.
  Write("WORKSPACE", "");
  EXPECT_THAT(Commit(), MatchesRegex("[0-9a-f]{12}"));
}

}  // namespace
}  // namespace experiments
