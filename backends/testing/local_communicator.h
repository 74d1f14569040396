#ifndef BACKENDS_TESTING_LOCAL_COMMUNICATOR_H_
#define BACKENDS_TESTING_LOCAL_COMMUNICATOR_H_

#include <memory>
#include <vector>

#include "core/communicator.h"

namespace backends {

// Communicators of `size` ranks that are threads of this process: one for each thread, which may
// destroy it as soon as it likes. Sums are taken in the order of ranks. Awaiting blocks the thread;
// the rank that comes last to an operation does its work.
std::vector<std::unique_ptr<core::Communicator>> MakeLocalCommunicators(int size);

}  // namespace backends

#endif  // BACKENDS_TESTING_LOCAL_COMMUNICATOR_H_
