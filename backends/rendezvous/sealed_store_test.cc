#include "backends/rendezvous/sealed_store.h"

#include <random>
#include <string>
#include <thread>

#include "backends/rendezvous/file_store.h"
#include "core/base/temporary_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr milliseconds kNow(0);

class SealedStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> Open(const std::string& secret, const std::string& scope = "0") {
    return SealStore(OpenFileStore(folder_.path()), secret, scope);
  }

  const core::TemporaryFolder folder_;
  // Whoever gets at what is below.
  const std::unique_ptr<Store> stranger_ = OpenFileStore(folder_.path());
};

TEST_F(SealedStoreTest, GivesWhatWhoeverKnowsTheSecretWrote) {
  const std::string value("a\0b\n", 4);
  Open("secret")->Set("key", value);
  Open("secret")->Append("log", "one ");
  Open("secret")->Append("log", "");
  Open("secret")->Append("log", "two");
  const auto store = Open("secret");
  EXPECT_EQ(store->Get("key", kNow), value);
  EXPECT_EQ(store->Get("log", kNow), "one two");
  EXPECT_EQ(store->Get("other", kNow), std::nullopt);
  EXPECT_EQ(store->Suspicion(), "");
  EXPECT_EQ(store->secret(), "secret");
}

TEST_F(SealedStoreTest, WhatOthersWroteIsNotThere) {
  const auto store = Open("secret");
  stranger_->Set("plain", "value");
  Open("another")->Set("of another secret", "value");
  Open("secret", "1")->Set("of another scope", "value");
  Open("secret")->Set("moved", "value");
  stranger_->Set("of another key", stranger_->Get("moved", kNow).value());
  Open("secret")->Set("set", "value");
  stranger_->Set("empty", "");
  for (const char* key :
       {"plain", "of another secret", "of another scope", "of another key", "empty"}) {
    EXPECT_EQ(store->Get(key, kNow), std::nullopt) << key;
  }
  EXPECT_THAT(store->Suspicion(), HasSubstr("LOCKSTEP_SECRET"));
}

TEST_F(SealedStoreTest, NoChangedByteIsBelieved) {
  Open("secret")->Set("key", "value");
  const std::string sealed = stranger_->Get("key", kNow).value();
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] ^= 1;
    stranger_->Set("key", changed);
    EXPECT_EQ(Open("secret")->Get("key", kNow), std::nullopt) << "byte " << i;
  }
}

TEST_F(SealedStoreTest, WhatIsAppendedSurvivesWhatOthersAppend) {
  std::mt19937 random(1);
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    std::string garbage(random() % 60, '\0');
    for (char& byte : garbage) byte = static_cast<char>(random() % 2 ? 'p' : random());
    stranger_->Append("log", garbage);
    Open("secret")->Append("log", std::to_string(i) + " ");
    expected += std::to_string(i) + " ";
  }
  EXPECT_EQ(Open("secret")->Get("log", kNow), expected);
}

// Every byte says that a long value follows.
TEST_F(SealedStoreTest, ALongSearchIsGivenUp) {
  std::string bomb;
  for (int i = 0; i < (1 << 20); ++i) bomb += std::string("p\0\0\1\0", 5);
  stranger_->Set("log", bomb);
  EXPECT_FALSE(Open("secret")->Get("log", kNow).has_value());
}

TEST_F(SealedStoreTest, WaitsForTheRightRecordWhereAnotherStands) {
  stranger_->Set("key", "value");
  std::thread setter([&] {
    std::this_thread::sleep_for(milliseconds(100));
    Open("secret")->Set("key", "right");
  });
  EXPECT_EQ(Open("secret")->Get("key", seconds(20)), "right");
  setter.join();
}

}  // namespace
}  // namespace backends
