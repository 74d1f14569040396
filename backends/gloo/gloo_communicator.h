#ifndef BACKENDS_GLOO_GLOO_COMMUNICATOR_H_
#define BACKENDS_GLOO_GLOO_COMMUNICATOR_H_

#include <memory>

#include "backends/gloo/options.h"
#include "core/communicator.h"

namespace backends {

// Ranks that are processes, over TCP. Returns when all are connected with each other. Throws
// core::Error that names the ranks that did not come, or why they could not be reached.
std::unique_ptr<core::Communicator> ConnectGloo(const GlooOptions& options);

}  // namespace backends

#endif  // BACKENDS_GLOO_GLOO_COMMUNICATOR_H_
