#include "core/collectives/segmented_ring.h"

#include <algorithm>
#include <optional>

#include "core/collectives/add.h"
#include "core/collectives/scratch.h"

namespace core {
namespace {

constexpr int64_t kSegmentBytesMax = 1 << 20;
constexpr int64_t kUnderWay = 2;

int64_t CeilingOfRatio(int64_t dividend, int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

// One rank's place in the ring, and the segments that travel around it, one a round: chunks one
// after the other. A segment is sent on when it has been received, per_rank rounds before; as many
// rounds, and two at most, are under way at any time.
class Ring {
 public:
  Ring(Communicator& communicator, SpanKind kind, Buffer data, Segments segments)
      : communicator_(communicator),
        kind_(kind),
        data_(data),
        segments_(segments),
        size_(communicator.size()),
        rank_(communicator.rank()) {}

  int64_t rounds() const { return (size_ - 1) * segments_.per_rank; }
  int64_t under_way() const { return std::min(segments_.per_rank, kUnderWay); }
  // What is sent in `round` if the rank begins with the chunk of the rank `ahead` after it.
  Buffer Sent(int64_t round, int ahead) const {
    const int64_t distance = round / segments_.per_rank;
    const int64_t chunk = (rank_ + ahead - distance + 2 * size_) % size_;
    const int64_t segment = chunk * segments_.per_rank + round % segments_.per_rank;
    const int64_t begin = std::min(segment * segments_.length, data_.count);
    return data_.Slice(begin, std::min(segments_.length, data_.count - begin));
  }
  // And received.
  Buffer Received(int64_t round, int ahead) const { return Sent(round, ahead - 1); }
  Scratch MakeScratch() const { return {data_, under_way() * segments_.length}; }
  Buffer PartOf(const Scratch& scratch, int64_t round, int64_t count) const {
    return scratch.buffer().Slice(round % under_way() * segments_.length, count);
  }
  Work Exchange(Buffer source, Buffer target) const {
    return communicator_.Exchange(source, (rank_ + 1) % size_, target, (rank_ + size_ - 1) % size_,
                                  kind_);
  }

 private:
  Communicator& communicator_;
  const SpanKind kind_;
  const Buffer data_;
  const Segments segments_;
  const int size_;
  const int rank_;
};

// The rounds under way: round r is number r % kUnderWay.
using Works = std::optional<Work>[kUnderWay];

// Segments travel until chunk c is summed up at the rank 1 + ahead before rank c.
Task Reduce(Ring ring, int ahead) {
  const Scratch scratch = ring.MakeScratch();
  Works works;
  for (int64_t round = 0; round < ring.rounds() + ring.under_way(); ++round) {
    const int64_t finished = round - ring.under_way();
    if (finished >= 0) {
      co_await *works[finished % kUnderWay];
      const Buffer sum = ring.Received(finished, ahead);
      Add(ring.PartOf(scratch, finished, sum.count), sum);
    }
    if (round >= ring.rounds()) continue;
    const int64_t count = ring.Received(round, ahead).count;
    works[round % kUnderWay].emplace(
        ring.Exchange(ring.Sent(round, ahead), ring.PartOf(scratch, round, count)));
  }
}

// Every rank begins with the chunk of the rank `ahead` after it, and gets all.
Task Gather(Ring ring, int ahead) {
  Works works;
  for (int64_t round = 0; round < ring.rounds() + ring.under_way(); ++round) {
    const int64_t finished = round - ring.under_way();
    if (finished >= 0) co_await *works[finished % kUnderWay];
    if (round >= ring.rounds()) continue;
    works[round % kUnderWay].emplace(
        ring.Exchange(ring.Sent(round, ahead), ring.Received(round, ahead)));
  }
}

Task AllReduce(Communicator& communicator, Buffer data, Segments segments) {
  const Ring ring(communicator, SpanKind::kAllReduce, data, segments);
  co_await Reduce(ring, 0);
  co_await Gather(ring, 1);
}

Segments WholeChunks(int64_t count, int size) { return {1, CeilingOfRatio(count, size)}; }

}  // namespace

int64_t RingChunkLength(int64_t count, int size) { return WholeChunks(count, size).length; }

Task RingAllReduce(Communicator& communicator, Buffer data) {
  return AllReduce(communicator, data, WholeChunks(data.count, communicator.size()));
}

Task RingReduceScatter(Communicator& communicator, Buffer data) {
  const Segments chunks = WholeChunks(data.count, communicator.size());
  return Reduce(Ring(communicator, SpanKind::kReduceScatter, data, chunks), -1);
}

Task RingAllGather(Communicator& communicator, Buffer data) {
  const Segments chunks = WholeChunks(data.count, communicator.size());
  return Gather(Ring(communicator, SpanKind::kAllGather, data, chunks), 0);
}

Segments CutIntoSegments(int64_t count, DataType type, int size) {
  const int64_t longest = std::max<int64_t>(1, kSegmentBytesMax / SizeOf(type));
  const int64_t wanted =
      std::max<int64_t>(CeilingOfRatio(count, longest), kUnderWay * int64_t{size});
  const int64_t per_rank = CeilingOfRatio(wanted, size);
  return {per_rank, CeilingOfRatio(count, per_rank * size)};
}

Task SegmentedRingAllReduce(Communicator& communicator, Buffer data) {
  return AllReduce(communicator, data, CutIntoSegments(data.count, data.type, communicator.size()));
}

}  // namespace core
