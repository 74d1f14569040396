#ifndef BACKENDS_GLOO_MESH_H_
#define BACKENDS_GLOO_MESH_H_

#include <memory>

#include "backends/gloo/options.h"
#include "gloo/transport/context.h"

namespace backends {

// Connects this rank with all others. Throws core::Error.
std::shared_ptr<::gloo::transport::Context> ConnectMesh(const GlooOptions& options);

}  // namespace backends

#endif  // BACKENDS_GLOO_MESH_H_
