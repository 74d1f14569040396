#ifndef BACKENDS_TORCH_STATE_DICT_SAFETENSORS_H_
#define BACKENDS_TORCH_STATE_DICT_SAFETENSORS_H_

#include <string_view>
#include <vector>

#include "backends/torch/state_dict/stored_tensor.h"

namespace backends {

// Whether `bytes` begin as a safetensors file does.
bool IsSafetensors(std::string_view bytes);

// The tensors of a safetensors file (format: huggingface.co/docs/safetensors). Throws core::Error,
// which does not know the file's name.
std::vector<StoredTensor> ReadSafetensors(std::string_view bytes);

}  // namespace backends

#endif  // BACKENDS_TORCH_STATE_DICT_SAFETENSORS_H_
