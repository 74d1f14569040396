#include "backends/rendezvous/file_store.h"

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

std::string MakeFolder(const std::string& name) {
  const std::string folder = std::filesystem::path(::testing::TempDir()) / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

TEST(FileStoreTest, GivesWhatAnotherRankHasSet) {
  const std::string folder = MakeFolder("given");
  const std::string value("a\0b/c\n", 6);
  OpenFileStore(folder)->Set("addresses/0", value);
  EXPECT_EQ(OpenFileStore(folder)->Get("addresses/0", seconds(1)), value);
}

TEST(FileStoreTest, WaitsForAKeyUntilItIsSet) {
  const std::string folder = MakeFolder("awaited");
  std::thread setter([&] {
    std::this_thread::sleep_for(milliseconds(50));
    OpenFileStore(folder)->Set("late", "value");
  });
  EXPECT_EQ(OpenFileStore(folder)->Get("late", seconds(20)), "value");
  setter.join();
}

TEST(FileStoreTest, GivesNothingIfNobodySetsTheKeyInTime) {
  EXPECT_EQ(OpenFileStore(MakeFolder("empty"))->Get("never", milliseconds(20)), std::nullopt);
}

TEST(FileStoreTest, KeepsWhatManyAppendWhole) {
  const std::string folder = MakeFolder("appended");
  std::vector<std::thread> writers;
  for (char writer = 'a'; writer < 'e'; ++writer) {
    writers.emplace_back([&folder, writer] {
      for (int i = 0; i < 100; ++i) OpenFileStore(folder)->Append("log", std::string(64, writer));
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string log = OpenFileStore(folder)->Get("log", milliseconds(0)).value_or("");
  ASSERT_EQ(log.size(), 4u * 100 * 64);
  for (size_t i = 0; i < log.size(); ++i) ASSERT_EQ(log[i], log[i / 64 * 64]) << i;
}

TEST(FileStoreTest, NamesAFolderThatDoesNotExist) {
  try {
    OpenFileStore("/nosuch/folder");
    FAIL() << "opened";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nosuch/folder"));
  }
}

}  // namespace
}  // namespace backends
