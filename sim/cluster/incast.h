#ifndef SIM_CLUSTER_INCAST_H_
#define SIM_CLUSTER_INCAST_H_

#include <cstdint>

namespace sim {

// The loss of goodput where many flows arrive over one link at once (TCP incast). With n flows, a
// link that suffers from it carries capacity · (floor + (1 − floor) · flows / n) if n > flows.
struct Incast {
  uint32_t flows = 0;  // That a link takes without loss; 0: there is no loss at all.
  double floor = 1;    // The share of capacity that remains with infinitely many, in (0, 1].

  double Goodput(uint32_t count) const {
    if (flows == 0 || count <= flows) return 1;
    return floor + (1 - floor) * flows / count;
  }
};

}  // namespace sim

#endif  // SIM_CLUSTER_INCAST_H_
