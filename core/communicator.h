#ifndef CORE_COMMUNICATOR_H_
#define CORE_COMMUNICATOR_H_

#include "core/buffer.h"
#include "core/span.h"
#include "core/work.h"

namespace core {

// One rank's call of a collective.
struct CollectiveCall {
  SpanKind kind = SpanKind::kAllReduce;  // Or kReduceScatter, kAllGather, kBroadcast.
  Buffer data;
  int root = -1;  // Of a broadcast.

  bool sums() const { return kind == SpanKind::kAllReduce || kind == SpanKind::kReduceScatter; }
  bool sharded() const { return kind == SpanKind::kReduceScatter || kind == SpanKind::kAllGather; }
};

// One rank's way to the others.
//
// Every call starts an operation and returns at once; a buffer belongs to the operation until its
// Work has been awaited. Ranks call collectives in the same order and with the same sizes; messages
// between two ranks arrive in the order in which they were sent. Buffers of zero elements are
// allowed everywhere. Destroying the communicator ends what is still in flight, so buffers must
// outlive it. Failures (a dead or stalled peer, sizes that differ) are thrown by the Work as
// core::Error, which names rank, operation and cause.
//
// `kind` is what a message is for: it labels the span that is recorded for it.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Leaves in `data` of every rank the elementwise sum over ranks, the same bits on all of them.
  // kFloat32 or kFloat64.
  Work AllReduce(Buffer data) { return StartChecked({SpanKind::kAllReduce, data}); }

  // Copies root's `data` to every rank.
  Work Broadcast(Buffer data, int root) { return StartChecked({SpanKind::kBroadcast, data, root}); }

  // Leaves in this rank's shard (elements rank·n to (rank+1)·n, n = count / size) the sum over
  // ranks; what the other shards hold afterwards is unspecified. `count` is a multiple of size().
  Work ReduceScatter(Buffer data) { return StartChecked({SpanKind::kReduceScatter, data}); }

  // Copies every rank's shard, laid out as for ReduceScatter, to every rank.
  Work AllGather(Buffer data) { return StartChecked({SpanKind::kAllGather, data}); }

  // One of those four, which have checked that it makes sense.
  virtual Work Start(const CollectiveCall& call) = 0;

  virtual Work Send(Buffer source, int to, SpanKind kind) = 0;
  virtual Work Receive(Buffer target, int from, SpanKind kind) = 0;

  // A send and a receive with other ranks, which may need each other to progress. Where awaiting
  // suspends, or one operation costs less than two, a communicator has its own.
  virtual Work Exchange(Buffer source, int to, Buffer target, int from, SpanKind kind);

 protected:
  // Throws std::logic_error if there is no such rank, or it is this one.
  void CheckPeer(int peer) const;

 private:
  Work StartChecked(const CollectiveCall& call);
  void CheckRank(int rank) const;
};

}  // namespace core

#endif  // CORE_COMMUNICATOR_H_
