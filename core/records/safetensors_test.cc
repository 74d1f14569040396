#include "core/records/safetensors.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "core/base/file.h"
#include "core/testing/damage.h"
#include "core/testing/limited_process.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace core {
namespace {

using ::testing::HasSubstr;

// A file with this header and so many bytes of tensors.
std::string File(const std::string& header, size_t bytes) {
  const uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  return file + header + std::string(bytes, '\1');
}

TEST(SafetensorsTest, WhatIsWrittenIsRead) {
  const std::string path = ::testing::TempDir() + "/written.safetensors";
  const std::string bytes = "abcdefgh";
  const TensorView tensors[] = {
      {"z", "F32", {2, 1}, bytes}, {"a", "I64", {}, bytes}, {"none", "U8", {0}, {}}};
  ASSERT_TRUE(WriteSafetensors({{"format", "pt"}}, tensors, path).ok());
  const auto file = ReadFile(path, 1000);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(IsSafetensors(*file));
  const auto read = ParseSafetensors(*file);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->metadata.at("format"), "pt");
  ASSERT_EQ(read->tensors.size(), 3u);
  EXPECT_EQ(read->tensors[0].name, "a");
  EXPECT_EQ(read->tensors[0].type, "I64");
  EXPECT_EQ(read->tensors[0].bytes, bytes);
  EXPECT_EQ(read->tensors[1].name, "none");
  EXPECT_EQ(read->tensors[2].shape, (std::vector<int64_t>{2, 1}));
}

TEST(SafetensorsTest, WhatDoesNotFitIsRefused) {
  const auto error = [](const std::string& tensors, size_t bytes) {
    const auto read = ParseSafetensors(File("{" + tensors + "}", bytes));
    return read.ok() ? "" : std::string(read.status().message());
  };
  const std::string one = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_EQ(error(one, 8), "");
  EXPECT_THAT(error(one, 7), HasSubstr("beyond the file's end"));
  EXPECT_THAT(error(R"("a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]})", 8),
              HasSubstr("unknown element type \"F33\""));
  EXPECT_THAT(error(R"("a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]})", 8),
              HasSubstr("its shape does not fit its 8 bytes"));
  EXPECT_THAT(error(R"("a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]})", 8),
              HasSubstr("its shape does not fit"));
  EXPECT_THAT(
      error(R"("a":{"dtype":"F64","shape":[4294967296,4294967297],"data_offsets":[0,8]})", 8),
      HasSubstr("its shape does not fit"));
  EXPECT_THAT(error(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]})", 8),
              HasSubstr("beyond the file's end"));
  EXPECT_THAT(error(R"("a":{"dtype":"F32","shape":[2]})", 8), HasSubstr("malformed"));
  EXPECT_THAT(error(R"("a":7)", 8), HasSubstr("malformed"));
  EXPECT_THAT(error(R"("a")", 8), HasSubstr("malformed"));
  // Many entries over the same bytes would take many times the file's memory.
  EXPECT_THAT(error(one + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})", 8),
              HasSubstr("another tensor's"));
}

TEST(SafetensorsTest, MemoryIsBoundedByTheSize) {
  if (std::getenv("ASAN_OPTIONS")) GTEST_SKIP() << "takes all addresses";
  EXPECT_THAT(ParseSafetensors(File("{" + std::string(100'000, '['), 0)).status().message(),
              HasSubstr("nested deeper"));
  for (const std::string item : {"0,", "[],", "{},", "{\"\":0},", "NaN,"}) {
    std::string header = "{\"a\":[";
    while (header.size() < 16'000'000) header += item;
    const std::string file = File(header + "0]}", 0);
    const std::string said = WithLimitedMemory(3 * file.size() + (64 << 20), [&] {
      return std::string(ParseSafetensors(file).status().message());
    });
    EXPECT_THAT(said, HasSubstr("its header: byte ")) << item;
  }
}

TEST(SafetensorsTest, DamagedFilesAreReadOrRefused) {
  const std::string good =
      File(R"({"__metadata__":{"x":"y"},"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", 9);
  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    refused += !ParseSafetensors(Damaged(good, random)).ok();
  }
  EXPECT_GT(refused, 10000);
  EXPECT_LT(refused, 20000);
}

}  // namespace
}  // namespace core
