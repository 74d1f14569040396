#include "experiments/common/finished_parts.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/temporary_folder.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

class FinishedPartsTest : public ::testing::Test {
 protected:
  FinishedParts Open(const nlohmann::json& settings = {{"rounds", 1}}) {
    return FinishedParts(path_, settings);
  }

  const core::TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/new/run.partial";
};

TEST_F(FinishedPartsTest, WhatIsDoneIsDoneOnce) {
  int made = 0;
  const auto make = [&] {
    ++made;
    return std::vector<double>{0.1, 1e300, -0.0};
  };
  const std::vector<double> first = Open().Once("a", make);
  EXPECT_EQ(Open().Once("a", make), first);
  EXPECT_EQ(made, 1);
  Open().Once("b", make);
  EXPECT_EQ(made, 2);
}

TEST_F(FinishedPartsTest, OtherSettingsBeginAnew) {
  Open().Add("a", 1);
  EXPECT_EQ(Open({{"rounds", 2}}).Find("a"), nullptr);
  EXPECT_EQ(Open().Find("a"), nullptr);
}

TEST_F(FinishedPartsTest, ALineThatWasTornAnywhereIsOnePartLess) {
  {
    FinishedParts parts = Open();
    parts.Add("a", "one\ntwo");
    parts.Add("b", {1, 2});
  }
  std::ifstream file(path_);
  const std::string whole(std::istreambuf_iterator<char>(file), {});
  const size_t second = whole.find("\n", whole.find("\n") + 1) + 1;  // Where b begins.
  for (size_t length = second; length < whole.size() - 1; ++length) {
    std::ofstream(path_) << whole.substr(0, length);
    FinishedParts parts = Open();
    ASSERT_NE(parts.Find("a"), nullptr);
    EXPECT_EQ(*parts.Find("a"), "one\ntwo");
    EXPECT_EQ(parts.Find("b"), nullptr) << length;
    parts.Add("b", 3);
    EXPECT_EQ(*Open().Find("b"), 3);
  }
}

TEST_F(FinishedPartsTest, GarbageBeginsAnew) {
  for (const char* content : {"", "\n\n", "{}", "garbage\n{\"a\": 1}\n"}) {
    std::filesystem::create_directories(folder_.path() + "/new");
    std::ofstream(path_) << content;
    EXPECT_EQ(Open().Find("a"), nullptr);
  }
}

TEST_F(FinishedPartsTest, LeavesNothingWhenAllIsDone) {
  FinishedParts parts = Open();
  parts.Add("a", 1);
  parts.Conclude();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_THROW(parts.Add("b", 1), core::Error);
}

}  // namespace
}  // namespace experiments
