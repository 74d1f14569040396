#include "backends/membership/membership.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "backends/rendezvous/file_store.h"
#include "core/base/error.h"
#include "core/base/temporary_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Has nothing, and fails to add to it.
class LostStore : public Store {
 public:
  void Set(const std::string&, const std::string&) override {}
  void Append(const std::string&, const std::string&) override { throw core::Error("lost"); }
  std::optional<std::string> Get(const std::string&, milliseconds) override { return {}; }
};

// Ranks that are threads and join through files.
class MembershipTest : public ::testing::Test {
 protected:
  Membership Join(int rank, int size, milliseconds timeout = seconds(60)) {
    return Membership({rank, size, store_.get(), timeout, "gloo"},
                      "address of " + std::to_string(rank));
  }
  std::string ErrorOf(int rank, int size, milliseconds timeout) {
    try {
      Join(rank, size, timeout);
      return "came";
    } catch (const core::Error& error) {
      return error.what();
    }
  }

  const core::TemporaryFolder folder_;
  const std::unique_ptr<Store> store_ = OpenFileStore(folder_.path());
};

TEST_F(MembershipTest, EveryRankKnowsTheAddressesOfAll) {
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 4; ++rank) {
    ranks.emplace_back([this, rank] {
      const Membership members = Join(rank, 4);
      for (int other = 0; other < 4; ++other) {
        EXPECT_EQ(members[other].address, "address of " + std::to_string(other));
        EXPECT_EQ(members[other].host, ThisHost());
      }
    });
  }
  for (std::thread& rank : ranks) rank.join();
}

TEST_F(MembershipTest, RanksThatDoNotComeAreNamed) {
  EXPECT_EQ(ErrorOf(1, 4, milliseconds(50)),
            "rank 1: of 4 ranks, ranks 0, 2, 3 did not come within 0.05 s: start all ranks with "
            "the same world size and rendezvous");
}

TEST_F(MembershipTest, ARankWithAnotherWorldSizeIsNamed) {
  ErrorOf(1, 3, milliseconds(1));
  EXPECT_EQ(ErrorOf(0, 2, seconds(60)),
            "rank 0: rank 1 was started as one of 3 ranks, this one of 2: give all the same world "
            "size");
}

TEST_F(MembershipTest, ARankWithAnotherBackendIsNamed) {
  store_->Set("ranks/1", "2\nnccl\nhost\naddress");
  EXPECT_EQ(ErrorOf(0, 2, seconds(60)),
            "rank 0: rank 1 was started with another --backend (nccl), not gloo: give all ranks "
            "the same");
}

TEST_F(MembershipTest, ARankWhoseRecordCannotBeReadIsNamed) {
  for (const std::string record :
       {"", "garbage", "2\nhost\naddress", "x\ngloo\nhost\naddress", "\1\2\377\n\n\n"}) {
    store_->Set("ranks/1", record);
    EXPECT_THAT(ErrorOf(0, 2, seconds(60)),
                StartsWith("rank 0: rank 1 left a record that cannot be read ("));
  }
}

TEST_F(MembershipTest, WhoDidNotComeIsNamedEvenIfTheStoreIsLostMeanwhile) {
  LostStore store;
  try {
    Membership({0, 2, &store, milliseconds(1), "gloo"}, "");
    FAIL() << "came";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("of 2 ranks, ranks 0, 1 did not come"));
  }
}

TEST_F(MembershipTest, ReportsThatCannotBeReadAreDropped) {
  Membership members = Join(0, 1);
  members.Tell({.reason = Reason::kFailed});
  std::mt19937 random(1);
  std::string garbage(50 * sizeof(Report), '\0');
  for (char& byte : garbage) byte = static_cast<char>(random());
  store_->Append("reports", garbage);
  members.Leave();
  store_->Append("reports", "torn");
  const std::vector<Report> reports = members.Reports();
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].reason, Reason::kFailed);
  EXPECT_EQ(reports[1].reason, Reason::kLeft);
  EXPECT_EQ(reports[1].place, 51);
}

TEST_F(MembershipTest, ARankThatComesTooLateIsToldWhoGaveUpAndWhy) {
  ErrorOf(0, 2, milliseconds(50));
  EXPECT_THAT(
      ErrorOf(1, 2, seconds(60)),
      HasSubstr("rank 1: rank 0 had given up before all had come: of 2 ranks, rank 1 did not "
                "come within 0.05 s"));
}

TEST_F(MembershipTest, ARankThatFailsBeforeItComesEndsTheOthersAtOnceWithItsWords) {
  std::thread failing([this] {
    std::this_thread::sleep_for(milliseconds(100));
    TellFailure(*store_, 1, "cannot read weights.pth");
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(ErrorOf(0, 2, seconds(60)),
            "rank 0: rank 1 had given up before all had come: cannot read weights.pth");
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(10));
  failing.join();
}

TEST_F(MembershipTest, AllRanksGetWhatEachSaysOfATopic) {
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 3; ++rank) {
    ranks.emplace_back([this, rank] {
      Membership members = Join(rank, 3);
      for (const std::string topic : {"first", "second/part"}) {
        EXPECT_EQ(members.Exchange(topic, topic + std::to_string(rank)),
                  (std::vector<std::string>{topic + "0", topic + "1", topic + "2"}));
      }
    });
  }
  for (std::thread& rank : ranks) rank.join();
}

TEST_F(MembershipTest, ReportsAreReadInTheOrderInWhichTheyWereTold) {
  Membership members = Join(0, 1);
  EXPECT_TRUE(members.Reports().empty());
  Report failed{.reason = Reason::kFailed};
  failed.SetText("no memory");
  members.Tell(failed);
  members.Leave();
  const std::vector<Report> reports = members.Reports();
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].reason, Reason::kFailed);
  EXPECT_STREQ(reports[0].text, "no memory");
  EXPECT_EQ(reports[1].reason, Reason::kLeft);
  EXPECT_EQ(reports[1].place, 1);
}

TEST_F(MembershipTest, ARankThatLeftBeforeAnotherHadLookedAroundIsNoFailure) {
  store_->Set("ranks/1", "2\ngloo\nhost\naddress");
  Report left{.reason = Reason::kLeft, .rank = 1};
  store_->Append("reports", {reinterpret_cast<const char*>(&left), sizeof(left)});
  EXPECT_EQ(Join(0, 2).Reports().size(), 1u);
}

}  // namespace
}  // namespace backends
