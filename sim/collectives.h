#ifndef SIM_COLLECTIVES_H_
#define SIM_COLLECTIVES_H_

#include <memory>

#include "core/buffer.h"
#include "core/span.h"
#include "sim/completion.h"

namespace sim {

// One rank's part in a collective.
struct CollectiveCall {
  core::SpanKind kind;  // kAllReduce, kBroadcast, kReduceScatter or kAllGather.
  core::Buffer data;
  int root = 0;  // Of a broadcast.
  int rank = 0;
  double time = 0;  // When the rank is there; may be later than now.
  std::shared_ptr<Completion> completion;
};

// How the ranks of a simulated world do collectives. One rank's run in the order of its calls, one
// at a time, as on the thread of Gloo's backend or on NCCL's stream.
class Collectives {
 public:
  virtual ~Collectives() = default;
  // Throws core::Error if the ranks' calls do not belong together.
  virtual void Join(CollectiveCall call) = 0;
};

}  // namespace sim

#endif  // SIM_COLLECTIVES_H_
