#include "core/testing/collectives_conformance.h"

#include <string>
#include <vector>

#include "core/collectives/all_reduce_algorithm.h"
#include "core/collectives/broadcast.h"
#include "core/collectives/segmented_ring.h"

namespace core::testing {
namespace {

// Few elements for many ranks, uneven parts, and several segments of the double tree.
constexpr int64_t kCounts[] = {0, 1, 2, 13, 1000, 300'007};

// Small integers, so that sums are exact in any order.
template <typename T>
std::vector<T> Values(int rank, int64_t count) {
  std::vector<T> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    values[static_cast<size_t>(i)] = static_cast<T>((i * 7 + rank * 5) % 13);
  }
  return values;
}

template <typename T>
std::vector<T> Sum(int size, int64_t count) {
  std::vector<T> sum(static_cast<size_t>(count));
  for (int rank = 0; rank < size; ++rank) {
    const std::vector<T> values = Values<T>(rank, count);
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += values[i];
  }
  return sum;
}

template <typename T>
Task AllReduce(Communicator& communicator, AllReduceOptions options, int64_t count) {
  std::vector<T> data = Values<T>(communicator.rank(), count);
  co_await RunAllReduce(options, communicator, View(data));
  EXPECT_TRUE(data == Sum<T>(communicator.size(), count))
      << Name(options.algorithm) << ", rank " << communicator.rank() << " of "
      << communicator.size() << ", " << count << " elements";
}

template <typename T>
Task AllReduceEverySize(Communicator& communicator, AllReduceOptions options) {
  for (int64_t count : kCounts) co_await AllReduce<T>(communicator, options, count);
}

TEST_P(CollectivesConformance, AllReducesSumOverAllRanks) {
  for (int size = 1; size <= 9; ++size) {
    for (const std::string& name : AllReduceAlgorithmNames()) {
      for (int ranks_per_host : {1, 3}) {
        const AllReduceOptions options{*AllReduceAlgorithmNamed(name), ranks_per_host};
        if (ranks_per_host > 1 && options.algorithm != AllReduceAlgorithm::kDoubleTree) continue;
        RunRanks(*GetParam()(), size, [options](Communicator& communicator) {
          return AllReduceEverySize<float>(communicator, options);
        });
      }
    }
  }
}

TEST_P(CollectivesConformance, AllReducesSumDoubles) {
  for (const std::string& name : AllReduceAlgorithmNames()) {
    const AllReduceOptions options{*AllReduceAlgorithmNamed(name), 1};
    RunRanks(*GetParam()(), 5, [options](Communicator& communicator) {
      return AllReduceEverySize<double>(communicator, options);
    });
  }
}

TEST_P(CollectivesConformance, AllReducesSumManySegments) {
  constexpr int64_t kCount = 6'000'001;
  for (const std::string& name : AllReduceAlgorithmNames()) {
    const AllReduceOptions options{*AllReduceAlgorithmNamed(name), 1};
    for (int size : {2, 3}) {
      RunRanks(*GetParam()(), size, [options](Communicator& communicator) {
        return AllReduce<float>(communicator, options, kCount);
      });
    }
  }
}

Task ScatterAndGather(Communicator& communicator) {
  const int size = communicator.size();
  for (int64_t length : {0, 1, 1000}) {
    std::vector<float> data = Values<float>(communicator.rank(), length * size);
    co_await RingReduceScatter(communicator, View(data));
    // Only this rank's shard may be used: the others' come back by the gathering.
    for (int64_t i = 0; i < length * size; ++i) {
      if (i / length != communicator.rank()) data[static_cast<size_t>(i)] = -1;
    }
    co_await RingAllGather(communicator, View(data));
    EXPECT_TRUE(data == Sum<float>(size, length * size)) << size << " ranks, " << length;
  }
}

TEST_P(CollectivesConformance, AReducedScatteredAndGatheredVectorIsTheSum) {
  for (int size = 1; size <= 6; ++size) RunRanks(*GetParam()(), size, ScatterAndGather);
}

Task BroadcastFromEveryRoot(Communicator& communicator) {
  for (int root = 0; root < communicator.size(); ++root) {
    std::vector<float> data = Values<float>(communicator.rank(), 1001);
    co_await TreeBroadcast(communicator, View(data), root);
    EXPECT_TRUE(data == Values<float>(root, 1001)) << "root " << root;
  }
}

TEST_P(CollectivesConformance, ABroadcastReachesAllFromEveryRoot) {
  for (int size = 1; size <= 9; ++size) RunRanks(*GetParam()(), size, BroadcastFromEveryRoot);
}

}  // namespace

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CollectivesConformance);

}  // namespace core::testing
