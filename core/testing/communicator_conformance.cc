#include "core/testing/communicator_conformance.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace core::testing {
namespace {

constexpr int kWorldSizeMax = 8;
constexpr SpanKind kMessage = SpanKind::kPush;
// None, one, odd, and large enough for what backends do with large ones.
constexpr int64_t kCounts[] = {0, 1, 7, 4099, 300007};

// What `rank` contributes at `index`: an integer so small that sums are exact in every order.
template <typename T>
T Contribution(int rank, int64_t index, int salt = 0) {
  return static_cast<T>((index * 7 + rank * 5 + salt * 3) % 13);
}

template <typename T>
std::vector<T> Contributions(int rank, int64_t count, int salt = 0) {
  std::vector<T> values(count);
  for (int64_t i = 0; i < count; ++i) values[i] = Contribution<T>(rank, i, salt);
  return values;
}

template <typename T>
std::vector<T> SumOfContributions(int size, int64_t count, int salt = 0) {
  std::vector<T> sums(count);
  for (int64_t i = 0; i < count; ++i) {
    for (int rank = 0; rank < size; ++rank) sums[i] += Contribution<T>(rank, i, salt);
  }
  return sums;
}

std::vector<float> RandomFloats(int seed, int64_t count) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> distribution;
  std::vector<float> values(count);
  for (float& value : values) value = distribution(generator);
  return values;
}

// A long vector's mismatch should not print the vector.
template <typename T>
void ExpectEqual(const std::vector<T>& found, const std::vector<T>& expected,
                 const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i], expected[i]) << what << ", element " << i << " of " << found.size();
  }
}

std::string OnRank(const Communicator& communicator) {
  return "rank " + std::to_string(communicator.rank()) + " of " +
         std::to_string(communicator.size());
}

template <typename T>
Task AllReduceEverySize(Communicator& communicator) {
  for (int64_t count : kCounts) {
    std::vector<T> data = Contributions<T>(communicator.rank(), count);
    co_await communicator.AllReduce(View(data));
    ExpectEqual(data, SumOfContributions<T>(communicator.size(), count), OnRank(communicator));
  }
}

TEST_P(CommunicatorConformance, AllReduceSumsOverAllRanks) {
  auto world = GetParam()();
  for (int size = 1; size <= kWorldSizeMax; ++size) {
    RunRanks(*world, size, AllReduceEverySize<float>);
    RunRanks(*world, size, AllReduceEverySize<double>);
  }
}

Task AllReduceRandom(Communicator& communicator, int64_t count) {
  std::vector<float> data = RandomFloats(communicator.rank(), count);
  co_await communicator.AllReduce(View(data));
  std::vector<float> first = data;
  co_await communicator.Broadcast(View(first), 0);
  EXPECT_EQ(std::memcmp(data.data(), first.data(), count * sizeof(float)), 0)
      << OnRank(communicator) << ", " << count << " elements";
}

TEST_P(CommunicatorConformance, AllReduceLeavesTheSameBitsOnAllRanks) {
  auto world = GetParam()();
  for (int size = 2; size <= kWorldSizeMax; ++size) {
    for (int64_t count : {5, 1001, 300007}) {
      RunRanks(*world, size,
               [=](Communicator& communicator) { return AllReduceRandom(communicator, count); });
    }
  }
}

Task AllReduceOfTwo(Communicator& communicator) {
  constexpr int64_t kCount = 300007;
  const std::vector<float> first = RandomFloats(0, kCount);
  const std::vector<float> second = RandomFloats(1, kCount);
  std::vector<float> data = communicator.rank() == 0 ? first : second;
  co_await communicator.AllReduce(View(data));
  for (int64_t i = 0; i < kCount; ++i) {
    if (data[i] == first[i] + second[i]) continue;
    ADD_FAILURE() << data[i] << " at " << i;
    break;
  }
}

TEST_P(CommunicatorConformance, AllReduceOfTwoRanksIsOneAddition) {
  RunRanks(*GetParam()(), 2, AllReduceOfTwo);
}

template <typename T>
Task BroadcastFromEveryRoot(Communicator& communicator) {
  for (int root = 0; root < communicator.size(); ++root) {
    for (int64_t count : kCounts) {
      std::vector<T> data = Contributions<T>(communicator.rank(), count);
      co_await communicator.Broadcast(View(data), root);
      ExpectEqual(data, Contributions<T>(root, count), OnRank(communicator));
    }
  }
}

TEST_P(CommunicatorConformance, BroadcastCopiesTheRootsData) {
  auto world = GetParam()();
  for (int size : {1, 2, 3, 8}) {
    RunRanks(*world, size, BroadcastFromEveryRoot<float>);
    RunRanks(*world, size, BroadcastFromEveryRoot<uint8_t>);
  }
}

template <typename T>
Task ReduceScatterEverySize(Communicator& communicator) {
  for (int64_t shard : kCounts) {
    const int64_t count = shard * communicator.size();
    std::vector<T> data = Contributions<T>(communicator.rank(), count);
    co_await communicator.ReduceScatter(View(data));
    const std::vector<T> sums = SumOfContributions<T>(communicator.size(), count);
    const int64_t offset = shard * communicator.rank();
    ExpectEqual(std::vector<T>(data.begin() + offset, data.begin() + offset + shard),
                std::vector<T>(sums.begin() + offset, sums.begin() + offset + shard),
                OnRank(communicator));
  }
}

TEST_P(CommunicatorConformance, ReduceScatterLeavesTheSumOfOnesShard) {
  auto world = GetParam()();
  for (int size = 1; size <= kWorldSizeMax; ++size) {
    RunRanks(*world, size, ReduceScatterEverySize<float>);
  }
  RunRanks(*world, 3, ReduceScatterEverySize<double>);
}

template <typename T>
Task AllGatherEverySize(Communicator& communicator) {
  for (int64_t shard : kCounts) {
    std::vector<T> data = Contributions<T>(communicator.rank(), shard * communicator.size());
    std::vector<T> expected;
    for (int rank = 0; rank < communicator.size(); ++rank) {
      for (int64_t i = rank * shard; i < (rank + 1) * shard; ++i) {
        expected.push_back(Contribution<T>(rank, i));
      }
    }
    co_await communicator.AllGather(View(data));
    ExpectEqual(data, expected, OnRank(communicator));
  }
}

TEST_P(CommunicatorConformance, AllGatherCopiesEveryRanksShard) {
  auto world = GetParam()();
  for (int size = 1; size <= kWorldSizeMax; ++size) {
    RunRanks(*world, size, AllGatherEverySize<float>);
  }
  RunRanks(*world, 3, AllGatherEverySize<uint8_t>);
}

template <typename T>
Task SendToTheFirst(Communicator& communicator) {
  const int size = communicator.size();
  for (int64_t count : kCounts) {
    if (communicator.rank() != 0) {
      std::vector<T> source = Contributions<T>(communicator.rank(), count);
      co_await communicator.Send(View(source), 0, kMessage);
      continue;
    }
    std::vector<std::vector<T>> targets(size, std::vector<T>(count));
    std::vector<Work> received;
    for (int from = 1; from < size; ++from) {
      received.push_back(communicator.Receive(View(targets[from]), from, kMessage));
    }
    for (Work& work : received) co_await work;
    for (int from = 1; from < size; ++from) {
      ExpectEqual(targets[from], Contributions<T>(from, count), "from " + std::to_string(from));
    }
  }
}

TEST_P(CommunicatorConformance, OneRankReceivesFromAllOthersAtOnce) {
  auto world = GetParam()();
  for (int size : {2, 4, 8}) {
    RunRanks(*world, size, SendToTheFirst<float>);
    RunRanks(*world, size, SendToTheFirst<double>);
    RunRanks(*world, size, SendToTheFirst<uint8_t>);
  }
}

Task ExchangeAround(Communicator& communicator) {
  const int rank = communicator.rank();
  const int size = communicator.size();
  const int from = (rank + size - 1) % size;
  for (int64_t count : kCounts) {
    std::vector<float> source = Contributions<float>(rank, count);
    std::vector<float> target(count);
    co_await communicator.Exchange(View(source), (rank + 1) % size, View(target), from, kMessage);
    ExpectEqual(target, Contributions<float>(from, count), OnRank(communicator));
  }
}

TEST_P(CommunicatorConformance, ExchangeSendsAndReceivesAtOnce) {
  auto world = GetParam()();
  for (int size = 2; size <= kWorldSizeMax; ++size) RunRanks(*world, size, ExchangeAround);
}

// Message i has i·i·37 elements, so that one in another's place would show.
Task KeepMessagesInFlight(Communicator& communicator) {
  constexpr int kMessages = 12;
  const int rank = communicator.rank();
  const int peer = 1 - rank;
  std::vector<std::vector<float>> sources, targets;
  for (int i = 0; i < kMessages; ++i) {
    sources.push_back(Contributions<float>(rank, i * i * 37, i));
    targets.emplace_back(i * i * 37);
  }
  std::vector<Work> works;
  for (int i = 0; i < kMessages; ++i) {
    works.push_back(communicator.Send(View(sources[i]), peer, kMessage));
    works.push_back(communicator.Receive(View(targets[i]), peer, kMessage));
  }
  while (!works.empty()) {
    co_await works.back();
    works.pop_back();
  }
  for (int i = 0; i < kMessages; ++i) {
    ExpectEqual(targets[i], Contributions<float>(peer, i * i * 37, i), OnRank(communicator));
  }
}

TEST_P(CommunicatorConformance, MessagesInFlightArriveInTheOrderInWhichTheyWereSent) {
  RunRanks(*GetParam()(), 2, KeepMessagesInFlight);
}

// One of each size, awaited from the last to the first, with messages around the ring in between.
Task KeepCollectivesInFlight(Communicator& communicator) {
  const int rank = communicator.rank();
  const int size = communicator.size();
  const std::vector<int64_t> counts = {3, 200001, 1, 0, 40000, 17, 100003, 64};
  std::vector<std::vector<float>> sums, copies, targets;
  for (size_t i = 0; i < counts.size(); ++i) {
    sums.push_back(Contributions<float>(rank, counts[i], static_cast<int>(i)));
    copies.push_back(sums.back());
    targets.emplace_back(counts[i]);
  }
  std::vector<std::vector<float>> sources = sums;
  std::vector<Work> works;
  for (size_t i = 0; i < counts.size(); ++i) {
    works.push_back(communicator.AllReduce(View(sums[i])));
    if (size > 1) {
      works.push_back(communicator.Exchange(View(sources[i]), (rank + 1) % size, View(targets[i]),
                                            (rank + size - 1) % size, kMessage));
    }
    works.push_back(communicator.Broadcast(View(copies[i]), static_cast<int>(i) % size));
  }
  while (!works.empty()) {
    co_await works.back();
    works.pop_back();
  }
  for (int i = 0; i < static_cast<int>(counts.size()); ++i) {
    const std::string what = OnRank(communicator);
    ExpectEqual(sums[i], SumOfContributions<float>(size, counts[i], i), what);
    ExpectEqual(copies[i], Contributions<float>(i % size, counts[i], i), what);
    if (size == 1) continue;
    ExpectEqual(targets[i], Contributions<float>((rank + size - 1) % size, counts[i], i), what);
  }
}

TEST_P(CommunicatorConformance, OperationsInFlightAreAwaitedInAnyOrder) {
  auto world = GetParam()();
  for (int size : {1, 2, 3, 5, 8}) RunRanks(*world, size, KeepCollectivesInFlight);
}

Task MoveHundredMegabytes(Communicator& communicator) {
  constexpr int64_t kCount = 25'000'000;
  const int rank = communicator.rank();
  std::vector<float> data(kCount, static_cast<float>(rank + 1));
  data.back() = 7;
  co_await communicator.AllReduce(View(data));
  EXPECT_EQ(data.front(), 3);
  EXPECT_EQ(data[kCount / 2], 3);
  EXPECT_EQ(data.back(), 14);
  if (rank == 0) {
    data.back() = 5;
    co_await communicator.Send(View(data), 1, kMessage);
  } else {
    co_await communicator.Receive(View(data), 0, kMessage);
  }
  EXPECT_EQ(data[1], 3);
  EXPECT_EQ(data.back(), 5);
}

TEST_P(CommunicatorConformance, HundredMegabytesPassInOneOperation) {
  RunRanks(*GetParam()(), 2, MoveHundredMegabytes);
}

}  // namespace

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CommunicatorConformance);

}  // namespace core::testing
