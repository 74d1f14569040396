#ifndef CORE_COMMUNICATOR_H_
#define CORE_COMMUNICATOR_H_

#include "core/buffer.h"
#include "core/span.h"
#include "core/work.h"

namespace core {

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
  virtual Work AllReduce(Buffer data) = 0;

  // Copies root's `data` to every rank.
  virtual Work Broadcast(Buffer data, int root) = 0;

  // Leaves in this rank's shard (elements rank·n to (rank+1)·n, n = count / size) the sum over
  // ranks; what the other shards hold afterwards is unspecified. `count` is a multiple of size().
  virtual Work ReduceScatter(Buffer data) = 0;

  // Copies every rank's shard, laid out as for ReduceScatter, to every rank.
  virtual Work AllGather(Buffer data) = 0;

  virtual Work Send(Buffer source, int to, SpanKind kind) = 0;
  virtual Work Receive(Buffer target, int from, SpanKind kind) = 0;

  // A send and a receive that may need each other to progress (NCCL: one group).
  virtual Work Exchange(Buffer source, int to, Buffer target, int from, SpanKind kind) = 0;
};

}  // namespace core

#endif  // CORE_COMMUNICATOR_H_
