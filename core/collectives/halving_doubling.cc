#include "core/collectives/halving_doubling.h"

#include "core/collectives/add.h"
#include "core/collectives/scratch.h"

namespace core {
namespace {

constexpr SpanKind kKind = SpanKind::kAllReduce;

// The part of the data that a member holds after halving with all partners down to `distance`.
struct Part {
  Buffer whole;
  int member;
  int members;

  Buffer At(int distance) const {
    int64_t begin = 0;
    int64_t end = whole.count;
    for (int half = members / 2; half >= distance; half /= 2) {
      const int64_t middle = begin + (end - begin) / 2;
      (member & half ? begin : end) = middle;
    }
    return whole.Slice(begin, end - begin);
  }
};

Task HalveAndDouble(Communicator& communicator, HalvingMembers members, Buffer data,
                    Buffer scratch) {
  const int member = members.MemberOf(communicator.rank());
  const Part mine{data, member, members.count()};
  for (int distance = members.count() / 2; distance > 0; distance /= 2) {
    const Part theirs{data, member ^ distance, members.count()};
    const int partner = members.RankOf(member ^ distance);
    const Buffer sum = mine.At(distance);
    const Buffer addend = scratch.Slice(0, sum.count);
    const Work exchanged =
        communicator.Exchange(theirs.At(distance), partner, addend, partner, kKind);
    co_await exchanged;
    Add(addend, sum);
  }
  for (int distance = 1; distance < members.count(); distance *= 2) {
    const Part theirs{data, member ^ distance, members.count()};
    const int partner = members.RankOf(member ^ distance);
    const Work exchanged =
        communicator.Exchange(mine.At(distance), partner, theirs.At(distance), partner, kKind);
    co_await exchanged;
  }
}

}  // namespace

Task HalvingDoublingAllReduce(Communicator& communicator, Buffer data) {
  const Scratch scratch(data, data.count);
  const HalvingMembers members(communicator.size());
  const int rank = communicator.rank();
  if (!members.Halves(rank)) {
    const Work sent = communicator.Send(data, rank - 1, kKind);
    co_await sent;
    const Work received = communicator.Receive(data, rank - 1, kKind);
    co_await received;
    co_return;
  }
  if (members.IsPaired(rank)) {
    const Work received = communicator.Receive(scratch.buffer(), rank + 1, kKind);
    co_await received;
    Add(scratch.buffer(), data);
  }
  co_await HalveAndDouble(communicator, members, data, scratch.buffer());
  if (!members.IsPaired(rank)) co_return;
  const Work sent = communicator.Send(data, rank + 1, kKind);
  co_await sent;
}

}  // namespace core
