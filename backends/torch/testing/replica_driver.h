#ifndef BACKENDS_TORCH_TESTING_REPLICA_DRIVER_H_
#define BACKENDS_TORCH_TESTING_REPLICA_DRIVER_H_

#include <vector>

#include "backends/torch/engine/torch_replica.h"

namespace backends {

// What a strategy does with a replica, for tests without one.

void Copy(core::Buffer source, core::Buffer target);
void Wait(core::Work work);
// A whole pass; the parameters in the order in which their gradients came.
std::vector<int> Backward(TorchReplica& replica);
// A pass and an update.
void Step(TorchReplica& replica);
// The losses of the steps since the last call.
std::vector<double> Losses(TorchReplica& replica);

}  // namespace backends

#endif  // BACKENDS_TORCH_TESTING_REPLICA_DRIVER_H_
