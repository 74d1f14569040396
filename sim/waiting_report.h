#ifndef SIM_WAITING_REPORT_H_
#define SIM_WAITING_REPORT_H_

#include <functional>
#include <string>

#include "sim/collectives/collectives.h"
#include "sim/network/network.h"

namespace sim {

// Who waits for what when nothing moves any more, in one line: each kind of wait with its first
// rank, that rank's step, the operation and the peer, and how many more ranks wait likewise.
// `step_of` gives a rank's step, from 0, or −1 before the first. Throws what a collective failed
// of, if one did.
std::string ReportWaiting(const Network& network, const Collectives& collectives,
                          const std::function<int(int rank)>& step_of);

}  // namespace sim

#endif  // SIM_WAITING_REPORT_H_
