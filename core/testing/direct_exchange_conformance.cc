#include "core/testing/direct_exchange_conformance.h"

#include <algorithm>
#include <cstring>
#include <ostream>
#include <random>
#include <string_view>

namespace core::testing {
namespace {

using Hop = ExchangedMessage::Hop;

constexpr int64_t kFloat = 4;
constexpr int64_t kFew = (128 << 10) / kFloat;
constexpr int64_t kSegment = (2 << 20) / kFloat;
constexpr int64_t kLine = 64 / kFloat;

// All of another size, so that most additions round.
std::vector<float> RandomFloats(int rank, int64_t count) {
  std::minstd_rand generator(static_cast<uint32_t>(1000 * count + rank + 1));
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(generator()) * 1e-9f - 1;
  return values;
}

// Rounded after every addition, from rank 0 on.
std::vector<float> SumFromTheFirstRank(int size, int64_t count) {
  std::vector<float> sum = RandomFloats(0, count);
  for (int rank = 1; rank < size; ++rank) {
    const std::vector<float> values = RandomFloats(rank, count);
    for (size_t i = 0; i < sum.size(); ++i) sum[i] = sum[i] + values[i];
  }
  return sum;
}

bool SameBits(const float* first, const float* second, int64_t count) {
  return std::memcmp(first, second, static_cast<size_t>(count * kFloat)) == 0;
}

Task AllReduceRandom(Communicator& communicator, int64_t count) {
  std::vector<float> data = RandomFloats(communicator.rank(), count);
  const Work work = communicator.AllReduce(View(data));
  co_await work;
  const std::vector<float> sum = SumFromTheFirstRank(communicator.size(), count);
  EXPECT_TRUE(SameBits(data.data(), sum.data(), count)) << count << " elements, all-reduced";
}

Task ReduceScatterRandom(Communicator& communicator, int64_t shard) {
  const int64_t count = shard * communicator.size();
  std::vector<float> data = RandomFloats(communicator.rank(), count);
  const Work work = communicator.ReduceScatter(View(data));
  co_await work;
  const std::vector<float> sum = SumFromTheFirstRank(communicator.size(), count);
  const int64_t offset = shard * communicator.rank();
  EXPECT_TRUE(SameBits(data.data() + offset, sum.data() + offset, shard))
      << count << " elements, reduced and scattered";
}

Task SumRandomFloats(Communicator& communicator) {
  for (int64_t count : {int64_t{1}, int64_t{13}, kFew, kFew + 1, int64_t{300'007}}) {
    co_await AllReduceRandom(communicator, count);
    co_await ReduceScatterRandom(communicator, count / communicator.size() + 1);
  }
}

Task SumManySegments(Communicator& communicator) {
  co_await AllReduceRandom(communicator, 4 * kSegment * communicator.size() + 4321);
}

TEST_P(DirectExchangeConformance, SumsAreThoseInTheOrderOfRanksToTheBit) {
  for (int size = 2; size <= 8; ++size) RunRanks(*GetParam()(), size, SumRandomFloats);
  for (int size : {2, 3}) RunRanks(*GetParam()(), size, SumManySegments);
}

// Lists the messages of one rank.
class Lister {
 public:
  Lister(const ExchangeCase& test, int rank) : test_(test), rank_(rank) {}

  std::vector<ExchangedMessage> List() {
    const bool by_shards =
        test_.kind == SpanKind::kReduceScatter || test_.kind == SpanKind::kAllGather;
    if (!by_shards && test_.count <= kFew) {
      ListOneHop();
      return messages_;
    }
    share_ = by_shards ? test_.count / test_.size
                       : (test_.count + test_.size * kLine - 1) / (test_.size * kLine) * kLine;
    const int64_t segments = (share_ + kSegment - 1) / kSegment;
    // Three segments are under way, until the first of them is summed.
    for (int64_t started = 0; started < std::min<int64_t>(3, segments); ++started) Start(started);
    for (int64_t segment = 0; segment < segments; ++segment) {
      Gather(segment);
      if (segment + 3 < segments) Start(segment + 3);
    }
    return messages_;
  }

 private:
  bool sums() const {
    return test_.kind == SpanKind::kAllReduce || test_.kind == SpanKind::kReduceScatter;
  }
  bool is_root(int rank) const { return rank == test_.root(); }
  int64_t BytesOf(int rank, int64_t segment) const {
    const int64_t begin = rank * share_ + segment * kSegment;
    const int64_t end = std::min({begin + kSegment, (rank + 1) * share_, test_.count});
    return std::max<int64_t>(end - begin, 0) * kFloat;
  }
  void Add(bool sends, Hop hop, int peer, int64_t bytes) {
    if (bytes > 0) messages_.push_back({sends, hop, peer, bytes});
  }

  void ListOneHop() {
    for (int peer = rank_ + 1; peer < rank_ + test_.size; ++peer) {
      const int other = peer % test_.size;
      if (sums() || is_root(other)) Add(false, Hop::kOpening, other, test_.count * kFloat);
      if (sums() || is_root(rank_)) Add(true, Hop::kOpening, other, test_.count * kFloat);
    }
  }
  void Start(int64_t segment) {
    for (int peer = rank_ + 1; peer < rank_ + test_.size; ++peer) {
      const int other = peer % test_.size;
      const int64_t own = BytesOf(rank_, segment), theirs = BytesOf(other, segment);
      const bool gathers = test_.kind != SpanKind::kReduceScatter;
      if (sums() || is_root(other)) Add(false, Hop::kScatter, other, own);
      if (gathers && !is_root(rank_)) Add(false, Hop::kGather, other, theirs);
      if (sums() || is_root(rank_)) Add(true, Hop::kScatter, other, theirs);
    }
  }
  void Gather(int64_t segment) {
    if (test_.kind == SpanKind::kReduceScatter) return;
    for (int peer = rank_ + 1; peer < rank_ + test_.size; ++peer) {
      const int other = peer % test_.size;
      if (!is_root(other)) Add(true, Hop::kGather, other, BytesOf(rank_, segment));
    }
  }

  const ExchangeCase test_;
  const int rank_;
  int64_t share_ = 0;
  std::vector<ExchangedMessage> messages_;
};

}  // namespace

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DirectExchangeConformance);

std::ostream& operator<<(std::ostream& out, const ExchangedMessage& message) {
  constexpr std::string_view kHops[] = {"opening", "scatter", "gather"};
  return out << (message.sends ? "sends " : "receives ") << message.bytes << " bytes ("
             << kHops[static_cast<int>(message.hop)] << (message.sends ? ") to " : ") from ")
             << message.peer;
}

std::ostream& operator<<(std::ostream& out, const ExchangeCase& test) {
  return out << Name(test.kind) << " of " << test.count << " floats by " << test.size << " ranks";
}

std::vector<ExchangeCase> ExchangeCases() {
  std::vector<ExchangeCase> cases;
  for (int size = 2; size <= 8; ++size) {
    for (SpanKind kind : {SpanKind::kAllReduce, SpanKind::kReduceScatter, SpanKind::kAllGather,
                          SpanKind::kBroadcast}) {
      std::vector<int64_t> counts = {0, 1, 13, kFew, kFew + 1, 100'003, size * kSegment};
      if (size <= 3) counts.insert(counts.end(), {size * kSegment + 1, 5 * size * kSegment - 77});
      for (int64_t count : counts) {
        const bool by_shards = kind == SpanKind::kReduceScatter || kind == SpanKind::kAllGather;
        cases.push_back({kind, by_shards ? (count + size - 1) / size * size : count, size});
      }
    }
  }
  return cases;
}

std::vector<ExchangedMessage> ExpectedMessages(const ExchangeCase& test, int rank) {
  return Lister(test, rank).List();
}

}  // namespace core::testing
