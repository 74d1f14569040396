#include "core/collectives/ring.h"

#include <algorithm>

#include "core/collectives/add.h"

namespace core {
namespace {

// One rank's place in the ring, and the chunks that the data is cut into.
class Ring {
 public:
  Ring(Communicator& communicator, Buffer data)
      : data_(data),
        size_(communicator.size()),
        rank_(communicator.rank()),
        length_(RingScratchCount(data.count, size_)) {}

  int size() const { return size_; }
  int next() const { return (rank_ + 1) % size_; }
  int previous() const { return (rank_ + size_ - 1) % size_; }
  // The chunk of the rank `distance` before this one; |distance| ≤ 2 · size. The last may be
  // shorter.
  Buffer Chunk(int distance) const {
    const int64_t chunk = (rank_ - distance + 2 * size_) % size_;
    const int64_t begin = std::min(chunk * length_, data_.count);
    return data_.Slice(begin, std::min(length_, data_.count - begin));
  }

 private:
  const Buffer data_;
  const int size_;
  const int rank_;
  const int64_t length_;
};

// Chunks travel until chunk c is summed up at the rank 1 + ahead before rank c.
Task Reduce(Communicator& communicator, Ring ring, int ahead, Buffer scratch, SpanKind kind) {
  for (int round = 0; round < ring.size() - 1; ++round) {
    const Buffer sum = ring.Chunk(round + 1 - ahead);
    const Buffer addend = scratch.Slice(0, sum.count);
    co_await communicator.Exchange(ring.Chunk(round - ahead), ring.next(), addend, ring.previous(),
                                   kind);
    Add(addend, sum);
  }
}

// Every rank starts with the chunk of the rank `ahead` after it, and gets all.
Task Gather(Communicator& communicator, Ring ring, int ahead, SpanKind kind) {
  for (int round = 0; round < ring.size() - 1; ++round) {
    co_await communicator.Exchange(ring.Chunk(round - ahead), ring.next(),
                                   ring.Chunk(round + 1 - ahead), ring.previous(), kind);
  }
}

}  // namespace

int64_t RingScratchCount(int64_t count, int size) { return (count + size - 1) / size; }

Task RingAllReduce(Communicator& communicator, Buffer data, Buffer scratch) {
  const Ring ring(communicator, data);
  co_await Reduce(communicator, ring, 0, scratch, SpanKind::kAllReduce);
  co_await Gather(communicator, ring, 1, SpanKind::kAllReduce);
}

Task RingReduceScatter(Communicator& communicator, Buffer data, Buffer scratch) {
  co_await Reduce(communicator, Ring(communicator, data), -1, scratch, SpanKind::kReduceScatter);
}

Task RingAllGather(Communicator& communicator, Buffer data) {
  co_await Gather(communicator, Ring(communicator, data), 0, SpanKind::kAllGather);
}

}  // namespace core
