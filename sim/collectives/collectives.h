#ifndef SIM_COLLECTIVES_COLLECTIVES_H_
#define SIM_COLLECTIVES_COLLECTIVES_H_

#include <cstdint>
#include <vector>

#include "core/communicator.h"
#include "core/span.h"
#include "sim/engine/completion.h"

namespace sim {

// One rank's part in a collective.
struct CollectiveCall : core::CollectiveCall {
  int rank = 0;
  double time = 0;  // When the rank is there; may be later than now.
  Part part;
};

// How the ranks of a simulated world do collectives. One rank's run in the order of its calls, one
// at a time, as on the thread of Gloo's backend or on NCCL's stream.
class Collectives {
 public:
  virtual ~Collectives() = default;
  // Throws core::Error if the ranks' calls do not belong together.
  virtual void Join(CollectiveCall call) = 0;

  // A rank's call that waits for others.
  struct Missing {
    int rank;
    core::SpanKind kind;
    int64_t bytes;
    int missing;  // The first rank that has not joined.
  };
  // For when nothing moves any more: throws what went wrong in a collective, or says who waits.
  // Calls that are messages by now are the network's to name.
  virtual std::vector<Missing> Unfinished() const = 0;
};

}  // namespace sim

#endif  // SIM_COLLECTIVES_COLLECTIVES_H_
