#include "backends/torch/version.h"

#include <torch/version.h>

namespace backends {

std::string TorchVersion() { return TORCH_VERSION; }

}  // namespace backends
