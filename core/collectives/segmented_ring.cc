#include "core/collectives/segmented_ring.h"

#include <algorithm>
#include <optional>

#include "core/collectives/add.h"

namespace core {
namespace {

constexpr int64_t kSegmentBytesMax = 1 << 20;
constexpr int64_t kUnderWay = 2;

int64_t CeilingOfRatio(int64_t dividend, int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

class SegmentedRing {
 public:
  SegmentedRing(Communicator& communicator, Buffer data)
      : data_(data),
        segments_(CutIntoSegments(data.count, data.type, communicator.size())),
        size_(communicator.size()),
        rank_(communicator.rank()) {}

  int next() const { return (rank_ + 1) % size_; }
  int previous() const { return (rank_ + size_ - 1) % size_; }
  int64_t rounds() const { return (size_ - 1) * segments_.per_rank; }
  int64_t length() const { return segments_.length; }
  // The segment of `round` as if `ahead` chunks further: chunks travel one after the other.
  Buffer Segment(int64_t round, int ahead) const {
    const int64_t distance = round / segments_.per_rank;
    const int64_t chunk = (rank_ + ahead - distance + 2 * size_) % size_;
    const int64_t segment = chunk * segments_.per_rank + round % segments_.per_rank;
    const int64_t begin = std::min(segment * segments_.length, data_.count);
    return data_.Slice(begin, std::min(segments_.length, data_.count - begin));
  }

 private:
  const Buffer data_;
  const Segments segments_;
  const int size_;
  const int rank_;
};

// The rounds under way, oldest first by turns.
class Window {
 public:
  std::optional<Work>& operator[](int64_t round) { return works_[round % kUnderWay]; }

 private:
  std::optional<Work> works_[kUnderWay];
};

Task Reduce(Communicator& communicator, SegmentedRing ring, Buffer scratch) {
  Window works;
  for (int64_t round = 0; round < ring.rounds() + kUnderWay; ++round) {
    const int64_t finished = round - kUnderWay;
    if (finished >= 0) {
      const Buffer sum = ring.Segment(finished, -1);
      co_await *works[finished];
      Add(scratch.Slice(finished % kUnderWay * ring.length(), sum.count), sum);
    }
    if (round >= ring.rounds()) continue;
    const Buffer addend =
        scratch.Slice(round % kUnderWay * ring.length(), ring.Segment(round, -1).count);
    works[round].emplace(communicator.Exchange(ring.Segment(round, 0), ring.next(), addend,
                                               ring.previous(), SpanKind::kAllReduce));
  }
}

Task Gather(Communicator& communicator, SegmentedRing ring) {
  Window works;
  for (int64_t round = 0; round < ring.rounds() + kUnderWay; ++round) {
    if (round >= kUnderWay) co_await *works[round - kUnderWay];
    if (round >= ring.rounds()) continue;
    works[round].emplace(communicator.Exchange(ring.Segment(round, 1), ring.next(),
                                               ring.Segment(round, 0), ring.previous(),
                                               SpanKind::kAllReduce));
  }
}

}  // namespace

Segments CutIntoSegments(int64_t count, DataType type, int size) {
  const int64_t longest = std::max<int64_t>(1, kSegmentBytesMax / SizeOf(type));
  const int64_t wanted =
      std::max<int64_t>(CeilingOfRatio(count, longest), kUnderWay * int64_t{size});
  const int64_t per_rank = CeilingOfRatio(wanted, size);
  return {per_rank, CeilingOfRatio(count, per_rank * size)};
}

int64_t SegmentedRingScratchCount(int64_t count, DataType type, int size) {
  return kUnderWay * CutIntoSegments(count, type, size).length;
}

Task SegmentedRingAllReduce(Communicator& communicator, Buffer data, Buffer scratch) {
  const SegmentedRing ring(communicator, data);
  co_await Reduce(communicator, ring, scratch);
  co_await Gather(communicator, ring);
}

}  // namespace core
