#ifndef BACKENDS_TORCH_VERSION_H_
#define BACKENDS_TORCH_VERSION_H_

#include <string>

namespace backends {

// Of libtorch, as "2.11.0".
std::string TorchVersion();

}  // namespace backends

#endif  // BACKENDS_TORCH_VERSION_H_
