#ifndef BACKENDS_TORCH_STATE_DICT_PYTORCH_FILE_H_
#define BACKENDS_TORCH_STATE_DICT_PYTORCH_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "backends/torch/state_dict/stored_tensor.h"

namespace backends {

// The tensors of the state dict in a file that torch.save wrote: the dictionary itself or the entry
// "state_dict" or "model" of a checkpoint. Both throw core::Error, which does not know the file's
// name.

// As of PyTorch 1.6: a zip archive of data.pkl and one record per storage.
std::vector<StoredTensor> ReadPyTorchZip(const std::string& path);

// Before: five pickles, then the storages.
std::vector<StoredTensor> ReadPyTorchLegacy(std::string_view bytes);

}  // namespace backends

#endif  // BACKENDS_TORCH_STATE_DICT_PYTORCH_FILE_H_
