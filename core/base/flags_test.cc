#include "core/base/flags.h"

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

struct Options {
  int batch_size = 32;
  int epochs = 2;
  int64_t steps = 0;
  uint64_t seed = 0;
  double momentum = 0.9;
  bool synthetic = false;
  std::string data_dir = "data";
  std::string precision = "fp32";
  int64_t bucket_bytes = 25 << 20;
  int length = 3;
};

absl::StatusOr<int> ParseLength(const std::string& text) {
  if (text.ends_with("m")) return static_cast<int>(text.size());
  return absl::InvalidArgumentError("a length ends with m");
}

FlagTable PartOf(Options& options) {
  return {{"bucket_mb",
           Converted{[&options] { return static_cast<double>(options.bucket_bytes) / (1 << 20); },
                     [&options](double mb) {
                       options.bucket_bytes = static_cast<int64_t>(mb * (1 << 20));
                     }},
           Range(0.5, 1e6), "MiB that travel together"}};
}

class FlagsTest : public ::testing::Test {
 protected:
  void Parse(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "program");
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    table_.Read(static_cast<int>(pointers.size()), pointers.data(), "Trains.");
  }

  std::string ErrorOf(std::vector<std::string> arguments) {
    try {
      Parse(std::move(arguments));
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  FlagTable MakeTable() {
    FlagTable table = {
        {"batch_size", &options_.batch_size, Range(1, 65536), "images per rank and step"},
        {"epochs", &options_.epochs, Range(1, 100), "passes over the data", "3, 8 with small data"},
        {"steps", &options_.steps, "of an epoch"},
        {"seed", &options_.seed, "of the order"},
        {"momentum", &options_.momentum, Range(0, 1), "of SGD"},
        {"synthetic", &options_.synthetic, "random images instead of files"},
        {"data_dir", &options_.data_dir, IsPath(), "folder with train/ and val/"},
        {"precision", &options_.precision, OneOf({"fp32", "bf16"}), "fp32 or bf16"},
        {"length", &options_.length, ParseLength, "of a side", "3m"},
    };
    table.Add(PartOf(options_));
    return table;
  }

  Options options_;
  FlagTable table_ = MakeTable();
};

TEST_F(FlagsTest, DashesAndUnderscoresAreTheSame) {
  Parse({"--batch-size=8", "--data_dir=/a-b_c"});
  EXPECT_EQ(options_.batch_size, 8);
  EXPECT_EQ(options_.data_dir, "/a-b_c");
  Parse({"--batch_size=9"});
  EXPECT_EQ(options_.batch_size, 9);
}

TEST_F(FlagsTest, AValueMayBeTheNextArgument) {
  Parse({"--epochs", "7", "--data-dir", "--odd"});
  EXPECT_EQ(options_.epochs, 7);
  EXPECT_EQ(options_.data_dir, std::filesystem::current_path() / "--odd");
}

TEST_F(FlagsTest, ABooleanFlagTakesNoNextArgument) {
  EXPECT_THAT(ErrorOf({"--synthetic", "false"}), HasSubstr("unexpected argument \"false\""));
  EXPECT_TRUE(options_.synthetic);
  Parse({"--nosynthetic"});
  EXPECT_FALSE(options_.synthetic);
  Parse({"--synthetic=yes"});
  EXPECT_TRUE(options_.synthetic);
  Parse({"--no-synthetic"});
  EXPECT_FALSE(options_.synthetic);
}

TEST_F(FlagsTest, AnArgumentThatIsNoFlagIsRefused) {
  EXPECT_EQ(ErrorOf({"--epochs=1", "a"}),
            "unexpected argument \"a\": flags start with --; see --help");
  EXPECT_THAT(ErrorOf({"-"}), HasSubstr("unexpected argument \"-\""));
}

TEST_F(FlagsTest, OtherArgumentsAreReturnedInOrderToThoseWhoTakeThem) {
  std::vector<std::string> arguments = {"program", "a", "--epochs=3", "-", "--", "--epochs=5", "b"};
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  EXPECT_THAT(table_.ReadWithOthers(static_cast<int>(pointers.size()), pointers.data(), ""),
              ElementsAre("a", "-", "--epochs=5", "b"));
  EXPECT_EQ(options_.epochs, 3);
}

TEST_F(FlagsTest, TheLastOfAFlagGivenTwiceCountsAndOnlyThatIsGivenWhichWas) {
  Parse({"--epochs=5", "--epochs=6"});
  EXPECT_EQ(options_.epochs, 6);
  EXPECT_TRUE(table_.Given("epochs"));
  EXPECT_FALSE(table_.Given("batch_size"));
}

TEST_F(FlagsTest, AVariableMayBeInAnotherUnitOrWhatAFunctionMakesOfTheText) {
  Parse({"--bucket-mb=1.5", "--length=40m", "--precision=bf16"});
  EXPECT_EQ(options_.bucket_bytes, 3 << 19);
  EXPECT_EQ(options_.length, 3);
  EXPECT_EQ(options_.precision, "bf16");
}

TEST_F(FlagsTest, ARelativePathBeginsWhereTheCommandWasTypedAlsoThatOfADefault) {
  Parse({});
  EXPECT_EQ(options_.data_dir, std::filesystem::current_path() / "data");
}

TEST_F(FlagsTest, ValuesAreTextsByName) {
  Parse({"--data-dir=/d", "--momentum=1e-7", "--seed=18446744073709551615", "--length=m"});
  EXPECT_THAT(table_.Values(),
              UnorderedElementsAre(Pair("batch_size", "32"), Pair("epochs", "2"),
                                   Pair("steps", "0"), Pair("seed", "18446744073709551615"),
                                   Pair("momentum", "1e-07"), Pair("synthetic", "false"),
                                   Pair("data_dir", "/d"), Pair("precision", "fp32"),
                                   Pair("bucket_mb", "25"), Pair("length", "1")));
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

TEST_F(FlagsTest, AWrongValueIsAnErrorThatNamesTheFlagAndWhatWouldBeRight) {
  EXPECT_EQ(ErrorOf({"--batch_size=many"}),
            "--batch-size=many: must be a whole number from 1 to 65536 (images per rank and step)");
  EXPECT_EQ(ErrorOf({"--momentum=1.5"}), "--momentum=1.5: must be a number from 0 to 1 (of SGD)");
  EXPECT_EQ(ErrorOf({"--precision=bf17"}),
            "--precision=bf17: did you mean bf16? There are fp32, bf16 (fp32 or bf16)");
  EXPECT_EQ(ErrorOf({"--length=7"}), "--length=7: a length ends with m (of a side)");
  EXPECT_EQ(ErrorOf({"--synthetic=maybe"}),
            "--synthetic=maybe: must be true or false (random images instead of files)");
  EXPECT_EQ(options_.batch_size, 32);
  EXPECT_EQ(options_.precision, "fp32");
}

TEST_F(FlagsTest, NumbersThatAreNoneOrDoNotFitAreRefused) {
  for (const char* number : {"", "0", "65537", "1x", "1 2", "1.5", "nan", "99999999999999999999"}) {
    EXPECT_THAT(ErrorOf({std::string("--batch-size=") + number}), HasSubstr("from 1 to 65536"));
  }
  for (const char* number : {"", "-0.1", "0.5x", "nan", "inf", "1e999"}) {
    EXPECT_THAT(ErrorOf({std::string("--momentum=") + number}), HasSubstr("from 0 to 1 "));
  }
  EXPECT_THAT(ErrorOf({"--seed=-1"}), HasSubstr("from 0 to 18446744073709551615"));
  EXPECT_THAT(ErrorOf({"--seed=18446744073709551616"}), HasSubstr("18446744073709551615"));
  EXPECT_THAT(ErrorOf({"--steps=9223372036854775808"}), HasSubstr("9223372036854775807"));
}

TEST_F(FlagsTest, AMissingValueIsAnErrorThatNamesTheFlag) {
  EXPECT_EQ(ErrorOf({"--batch-size"}),
            "no value after --batch-size: images per rank and step (default: 32)");
}

TEST_F(FlagsTest, AnErrorIsOneLine) {
  for (const std::string argument :
       {"--two\nlines=1", "--epochs=two\nlines", "--precision=two\nlines", "two\nlines"}) {
    EXPECT_THAT(ErrorOf({argument}), AllOf(HasSubstr("two\\nlines"), Not(HasSubstr("\n"))));
  }
}

TEST_F(FlagsTest, HelpPrintsAllFlagsWithTheirDefaultsAndExits) {
  table_.Otherwise("batch_size", "what fits");
  // Death tests watch stderr, so stdout is sent there in the child.
  EXPECT_EXIT(
      {
        std::cout.rdbuf(std::cerr.rdbuf());
        Parse({"--help"});
      },
      ::testing::ExitedWithCode(0),
      AllOf(HasSubstr("Trains.\n"), HasSubstr("--batch-size\n      images per rank and step"),
            HasSubstr("(default: what fits)"), HasSubstr("(default: 3, 8 with small data)"),
            HasSubstr("(default: \"data\")"), HasSubstr("(default: 0.9)"),
            HasSubstr("(default: 25)"), HasSubstr("(default: 3m)")));
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
