#include "core/base/flags.h"

#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(int, batch_size, 32, "images per rank and step");
ABSL_FLAG(int, epochs, 2, "passes over the data");
ABSL_FLAG(bool, synthetic, false, "random images instead of files");
ABSL_FLAG(std::string, data_dir, "", "folder with train/ and val/");

namespace core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class FlagsTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::vector<std::string>> Parse(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "program");
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    return ParseFlags(static_cast<int>(pointers.size()), pointers.data(), "Trains.");
  }

  std::string ErrorOf(std::vector<std::string> arguments) {
    return std::string(Parse(std::move(arguments)).status().message());
  }

 private:
  absl::FlagSaver saver_;
};

TEST_F(FlagsTest, DashesAndUnderscoresAreTheSame) {
  ASSERT_TRUE(Parse({"--batch-size=8", "--data_dir=a-b_c"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_batch_size), 8);
  EXPECT_EQ(absl::GetFlag(FLAGS_data_dir), "a-b_c");
  ASSERT_TRUE(Parse({"--batch_size=9"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_batch_size), 9);
}

TEST_F(FlagsTest, AValueMayBeTheNextArgument) {
  ASSERT_TRUE(Parse({"--epochs", "7", "--data-dir", "--odd"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_epochs), 7);
  EXPECT_EQ(absl::GetFlag(FLAGS_data_dir), "--odd");
}

TEST_F(FlagsTest, ABooleanFlagTakesNoNextArgument) {
  auto positional = Parse({"--synthetic", "other"});
  ASSERT_TRUE(positional.ok());
  EXPECT_THAT(*positional, ElementsAre("other"));
  EXPECT_TRUE(absl::GetFlag(FLAGS_synthetic));
  ASSERT_TRUE(Parse({"--nosynthetic"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_synthetic));
  ASSERT_TRUE(Parse({"--synthetic=yes"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_synthetic));
  ASSERT_TRUE(Parse({"--no-synthetic"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_synthetic));
}

TEST_F(FlagsTest, OtherArgumentsAreReturnedInOrder) {
  auto positional = Parse({"a", "--epochs=1", "-", "--", "--epochs=5", "b"});
  ASSERT_TRUE(positional.ok());
  EXPECT_THAT(*positional, ElementsAre("a", "-", "--epochs=5", "b"));
  EXPECT_EQ(absl::GetFlag(FLAGS_epochs), 1);
}

TEST_F(FlagsTest, AnUnknownFlagIsAnsweredWithTheNearest) {
  EXPECT_EQ(ErrorOf({"--epoch=3"}),
            "unknown flag --epoch; did you mean --epochs? --help lists the flags");
  EXPECT_EQ(ErrorOf({"--bach-size=3"}),
            "unknown flag --bach-size; did you mean --batch-size? --help lists the flags");
  EXPECT_EQ(ErrorOf({"--colour"}), "unknown flag --colour; --help lists the flags");
  EXPECT_THAT(ErrorOf({"--noepochs"}), HasSubstr("unknown flag --noepochs"));
  EXPECT_THAT(ErrorOf({"--flagfile=x"}), HasSubstr("unknown flag --flagfile"));
}

TEST_F(FlagsTest, AWrongValueIsAnErrorThatNamesTheFlag) {
  EXPECT_EQ(ErrorOf({"--batch-size=many"}),
            "\"many\" is no value for --batch-size: images per rank and step (default: 32)");
  EXPECT_EQ(ErrorOf({"--batch-size="}),
            "\"\" is no value for --batch-size: images per rank and step (default: 32)");
  EXPECT_THAT(ErrorOf({"--synthetic=maybe"}), HasSubstr("\"maybe\" is no value for --synthetic"));
  EXPECT_EQ(absl::GetFlag(FLAGS_batch_size), 32);
}

TEST_F(FlagsTest, AMissingValueIsAnErrorThatNamesTheFlag) {
  EXPECT_EQ(ErrorOf({"--epochs"}), "no value after --epochs: passes over the data (default: 2)");
}

TEST_F(FlagsTest, AnErrorIsOneLine) {
  EXPECT_THAT(ErrorOf({"--two\nlines=1"}), Not(HasSubstr("\n")));
  EXPECT_THAT(ErrorOf({"--epochs=two\nlines"}), Not(HasSubstr("\n")));
}

TEST_F(FlagsTest, HelpPrintsTheProgramsOwnFlagsAndExits) {
  // Death tests watch stderr, so stdout is sent there in the child.
  EXPECT_EXIT(
      {
        std::cout.rdbuf(std::cerr.rdbuf());
        (void)Parse({"--help"});
      },
      ::testing::ExitedWithCode(0),
      AllOf(HasSubstr("Trains.\n"), HasSubstr("--batch-size\n      images per rank and step"),
            Not(HasSubstr("flagfile")), Not(HasSubstr("undefok"))));
}

TEST(NearestNamesTest, AreSortedByDistance) {
  const std::vector<std::string> known = {"ddp", "all_reduce", "parameter_server"};
  EXPECT_THAT(NearestNames("allreduce", known), ElementsAre("all_reduce"));
  EXPECT_THAT(NearestNames("dpd", known), IsEmpty());
  EXPECT_THAT(NearestNames("dp", known), ElementsAre("ddp"));
  EXPECT_THAT(NearestNames("server", known), ElementsAre("parameter_server"));
  EXPECT_THAT(NearestNames("epocs", {"epos", "epochs", "apex", "pochas"}),
              ElementsAre("epochs", "epos"));
}

}  // namespace
}  // namespace core
