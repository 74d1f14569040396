#include "backends/membership/failure_watch.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
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
using ::testing::StartsWith;

// Ranks in one process whose reports come in another order everywhere.
class Ranks {
 public:
  Ranks(int size, milliseconds timeout, unsigned seed) : random_(seed) {
    for (int rank = 0; rank < size; ++rank) {
      ranks_.push_back(std::make_unique<Rank>(*this, rank));
    }
    for (auto& rank : ranks_) {
      rank->watch = std::make_unique<FailureWatch>(rank->number, size, timeout, *rank);
    }
  }
  ~Ranks() {
    for (auto& rank : ranks_) rank->watch->Stop();
  }

  FailureWatch& operator[](int rank) { return *ranks_[rank]->watch; }
  // From now on it neither tells nor hears.
  void Silence(int rank) { ranks_[rank]->silent = true; }
  // The same, and its connections end.
  void Kill(int victim) {
    Silence(victim);
    for (auto& rank : ranks_) {
      if (rank->number != victim) rank->watch->OnGone(victim, "closed");
    }
  }
  // From now on nothing it tells gets through, and it knows.
  void CutOff(int rank) { ranks_[rank]->cut_off = true; }

 private:
  struct Rank final : FailureWatch::Carrier {
    Rank(Ranks& all, int number) : ranks(all), number(number) {}

    void Tell(const Report& report, FailureWatch::Clock::time_point) override {
      Look();
      if (silent) return;
      for (Rank* other : ranks.Shuffled()) {
        if (other->number == number || other->silent) continue;
        std::this_thread::yield();
        other->watch->OnReport(report);
      }
    }
    void Look() override {
      if (cut_off) throw core::Error("the rendezvous is gone");
    }

    Ranks& ranks;
    const int number;
    std::atomic<bool> silent = false, cut_off = false;
    std::unique_ptr<FailureWatch> watch;
  };

  std::vector<Rank*> Shuffled() {
    const std::lock_guard lock(mutex_);
    std::vector<Rank*> all;
    for (auto& rank : ranks_) all.push_back(rank.get());
    std::shuffle(all.begin(), all.end(), random_);
    return all;
  }

  std::mutex mutex_;
  std::mt19937 random_;
  std::vector<std::unique_ptr<Rank>> ranks_;
};

std::string Cause(FailureWatch& watch) {
  for (int i = 0; i < 1000 && !watch.gives_up(); ++i) std::this_thread::sleep_for(milliseconds(10));
  const std::string error = watch.FailureOf("push").what();
  return error.substr(error.find("push: ") + 6);
}

// In each world one rank is gone or stopped, and the others wait for random ranks, at least one for
// that one.
void ExpectOneVerdict(unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](int limit) {
    return std::uniform_int_distribution<int>(0, limit - 1)(random);
  };
  const int size = 2 + below(6);
  const int victim = below(size);
  const bool killed = below(2) == 0;
  // The timeout comes long after a lost connection has been noticed.
  Ranks ranks(size, killed ? milliseconds(60'000) : milliseconds(300), seed);
  killed ? ranks.Kill(victim) : ranks.Silence(victim);
  std::vector<std::unique_ptr<FailureWatch::Wait>> waits;
  for (int rank = 0; rank < size; ++rank) {
    // Everybody waits for the next one, so that all chains lead to the victim.
    const int next = (rank + 1) % size;
    if (rank != victim) {
      waits.push_back(std::make_unique<FailureWatch::Wait>(ranks[rank], next, nullptr));
    }
    const int other = below(size);
    if (rank == victim || other == rank || below(2) == 0) continue;
    waits.push_back(std::make_unique<FailureWatch::Wait>(ranks[rank], other, nullptr));
  }
  const std::string cause = Cause(ranks[(victim + 1) % size]);
  EXPECT_THAT(cause, StartsWith("rank " + std::to_string(victim) +
                                (killed ? " is gone (closed)" : " has not answered for 0.3 s")));
  for (int rank = 0; rank < size; ++rank) {
    if (rank == victim) continue;
    EXPECT_EQ(Cause(ranks[rank]), cause) << "rank " << rank;
  }
}

TEST(FailureWatchTest, AllRanksComeToTheSameVerdictInWhateverOrderReportsCome) {
  std::vector<std::thread> worlds;
  for (unsigned seed = 0; seed < 40; ++seed) {
    worlds.emplace_back([seed] {
      SCOPED_TRACE("seed " + std::to_string(seed));
      ExpectOneVerdict(seed);
    });
  }
  for (std::thread& world : worlds) world.join();
}

TEST(FailureWatchTest, ARankThatNobodyWaitsForMayBeGone) {
  Ranks ranks(3, milliseconds(300), 1);
  ranks.Kill(2);
  std::this_thread::sleep_for(milliseconds(1200));
  EXPECT_FALSE(ranks[0].gives_up());
  EXPECT_FALSE(ranks[1].gives_up());
}

TEST(FailureWatchTest, WhatARankSentBeforeItWentMayStillCome) {
  Ranks ranks(2, seconds(300), 1);
  ranks.Kill(1);
  {
    const FailureWatch::Wait wait(ranks[0], 1, nullptr);
    std::this_thread::sleep_for(milliseconds(700));
  }
  std::this_thread::sleep_for(milliseconds(2000));
  EXPECT_FALSE(ranks[0].gives_up());
}

TEST(FailureWatchTest, WhoWaitsIsWokenAndToldWhoIsToBlame) {
  Ranks ranks(3, seconds(300), 1);
  std::atomic<bool> woken = false;
  const FailureWatch::Wait wait(ranks[0], 1, [&] { woken = true; });
  ranks[2].GiveUp(Reason::kDisagreement, "rank 1 sends 4 bytes");
  EXPECT_EQ(std::string(ranks[0].FailureOf("push").what()).substr(0, 13), "rank 0: push:");
  EXPECT_EQ(Cause(ranks[0]), "rank 1 sends 4 bytes");
  EXPECT_TRUE(woken);
}

TEST(FailureWatchTest, ARankThatReachesNobodySaysWhatItKnows) {
  Ranks ranks(3, seconds(300), 1);
  ranks.CutOff(0);
  EXPECT_EQ(Cause(ranks[0]), "the rendezvous is gone");
  EXPECT_FALSE(ranks[1].gives_up());
  ranks.CutOff(1);
  ranks[1].GiveUp(Reason::kFailed, "no memory");
  EXPECT_THAT(Cause(ranks[1]), HasSubstr("the rendezvous is gone"));
}

// Reports of all ranks, in one order.
struct Log {
  std::mutex mutex;
  std::vector<Report> reports;
};

struct LogCarrier final : FailureWatch::Carrier {
  LogCarrier(Log& log, size_t place) : log(log), place(place) {}

  // As the one that comes to this place.
  void Tell(const Report& report, FailureWatch::Clock::time_point) override {
    while (true) {
      const std::lock_guard lock(log.mutex);
      if (log.reports.size() < place) continue;
      log.reports.push_back(report);
      log.reports.back().place = static_cast<int32_t>(log.reports.size() - 1);
      return;
    }
  }
  void Look() override {
    std::unique_lock lock(log.mutex);
    const std::vector<Report> reports = log.reports;
    lock.unlock();
    for (const Report& report : reports) watch->OnReport(report);
  }

  Log& log;
  const size_t place;
  std::unique_ptr<FailureWatch> watch;
};

TEST(FailureWatchTest, OfTwoThatFailAllNameTheOneWhoseReportCameFirst) {
  Log log;
  LogCarrier late(log, 1), early(log, 0);
  late.watch = std::make_unique<FailureWatch>(0, 2, seconds(300), late);
  early.watch = std::make_unique<FailureWatch>(1, 2, seconds(300), early);
  late.watch->GiveUp(Reason::kFailed, "second");
  early.watch->GiveUp(Reason::kFailed, "first");
  EXPECT_EQ(Cause(*late.watch), "rank 1 failed: first");
  EXPECT_EQ(Cause(*early.watch), "rank 1 failed: first");
  late.watch->Stop();
  early.watch->Stop();
}

TEST(FailureWatchTest, AWatchThatHasStoppedFailsWhatComesLater) {
  Ranks ranks(2, seconds(300), 1);
  ranks[0].Stop();
  ranks[0].GiveUp(Reason::kFailed, "no memory");
  EXPECT_EQ(Cause(ranks[0]), "the communicator was destroyed");
}

}  // namespace
}  // namespace backends
