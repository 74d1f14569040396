#include "core/records/profile.h"

#include <fstream>
#include <random>
#include <string>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/testing/damage.h"
#include "gtest/gtest.h"

namespace core {
namespace {

std::string PathOf(const std::string& name) { return ::testing::TempDir() + "/" + name; }

Profile Example() {
  return {.model = "two layers",
          .hardware = "none",
          .source = "derived from nothing",
          .versions = {{"compiler", "12.2"}},
          .batch_size = 16,
          .parameters = 30,
          .forward = 0.125,
          .pass = 0.5,
          .update = 0.25,
          .accumulate_bytes_per_second = 4e9,
          .gradients = {{1, 20, 0.25, 0.0625}, {0, 10, 0.5}}};
}

// The message of the error of a file in which `from` is replaced by `to`.
std::string ErrorWith(const std::string& from, const std::string& to) {
  const std::string path = PathOf("broken.json");
  EXPECT_TRUE(WriteProfile(Example(), path).ok());
  std::string text = *ReadFile(path, 1 << 20);
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  EXPECT_TRUE(WriteFile(path, text).ok());
  try {
    ReadProfile(path);
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.rfind(path, 0), 0u) << message;
    return message.substr(path.size());
  }
  return "no error";
}

TEST(ProfileTest, NumbersThatNoIntHoldsAreRefused) {
  EXPECT_EQ(ErrorWith("\"batch_size\": 16", "\"batch_size\": 2147483648"),
            ": batch_size: is 2147483648, which is too large");
  EXPECT_EQ(ErrorWith("\"batch_size\": 16", "\"batch_size\": 1e400"),
            ": is not JSON: it holds a number that is too large");
}

TEST(ProfileTest, DamagedFilesAreReadOrRefusedByName) {
  const std::string path = PathOf("damaged.json");
  ASSERT_TRUE(WriteProfile(Example(), path).ok());
  const std::string good = *ReadFile(path, 1 << 20);
  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::ofstream(path, std::ios::binary) << Damaged(good, random);
    try {
      ReadProfile(path);
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find(path), 0u) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(ProfileTest, WhatIsWrittenIsReadAgain) {
  const std::string path = PathOf("profile.json");
  const Profile written = Example();
  ASSERT_TRUE(WriteProfile(written, path).ok());

  const Profile read = ReadProfile(path);

  EXPECT_EQ(read.model, written.model);
  EXPECT_EQ(read.versions, written.versions);
  EXPECT_EQ(read.batch_size, 16);
  EXPECT_EQ(read.pass, 0.5);
  ASSERT_EQ(read.gradients.size(), 2u);
  EXPECT_EQ(read.gradients[0].parameter, 1);
  EXPECT_EQ(read.gradients[0].spread, 0.0625);
  EXPECT_EQ(read.gradients[0].elements, 20);
  EXPECT_EQ(read.gradients[1].ready, 0.5);
}

TEST(ProfileTest, ErrorsNameFileAndKey) {
  EXPECT_EQ(ErrorWith("\"parameters\": 30", "\"parameters\": 31"),
            ": parameters: is 31, but the gradients' elements add up to 30");
  EXPECT_EQ(ErrorWith("\"elements\": 20", "\"elements\": 0"),
            ": gradients[0].elements: is 0, not a number from 1.0 on");
  EXPECT_EQ(ErrorWith("\"elements\": 20", "\"elements\": 20.5"),
            ": gradients[0].elements: is 20.5, not a whole number");
  EXPECT_EQ(ErrorWith("\"parameter\": 1", "\"parameter\": 0"),
            ": gradients[1].parameter: is 0: each of 0 to 1 is needed once");
  EXPECT_EQ(ErrorWith("\"ready_seconds\": 0.25", "\"ready_seconds\": 0.0625"),
            ": gradients[0].ready_seconds: is before the gradient before it, or before "
            "forward_seconds");
  EXPECT_EQ(ErrorWith("\"pass_seconds\": 0.5", "\"pass_seconds\": 0.375"),
            ": pass_seconds: is before the last gradient is ready");
  EXPECT_EQ(ErrorWith("\"update_seconds\": 0.25", "\"update_seconds\": -1"),
            ": update_seconds: is -1, not a number from 0.0 on");
  EXPECT_EQ(ErrorWith("\"update_seconds\": 0.25", "\"update_second\": 1"),
            ": update_seconds: is missing");
  EXPECT_EQ(ErrorWith("\"batch_size\": 16", "\"batch_size\": 16, \"batchsize\": 1"),
            ": batchsize: is no key that is known here: did you mean batch_size?");
  EXPECT_EQ(ErrorWith("\"hardware\": \"none\"", "\"hardware\": 7"), ": hardware: is 7, not a text");
  EXPECT_EQ(ErrorWith("\"versions\"", "versions").rfind(":5: is not JSON at byte", 0), 0u);
}

}  // namespace
}  // namespace core
