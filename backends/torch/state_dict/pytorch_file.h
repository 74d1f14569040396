#ifndef BACKENDS_TORCH_STATE_DICT_PYTORCH_FILE_H_
#define BACKENDS_TORCH_STATE_DICT_PYTORCH_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "backends/torch/state_dict/stored_tensor.h"
#include "core/records/safetensors.h"

namespace backends {

// The tensors of the state dict in a file that torch.save wrote: the dictionary itself or the entry
// "state_dict" or "model" of a checkpoint. Both throw core::Error, which does not know the file's
// name, and take less than the file and 64 MB.

// As of PyTorch 1.6: a zip archive of data.pkl and one record per storage.
std::vector<StoredTensor> ReadPyTorchZip(std::string_view bytes);

// Before: five pickles, then the storages.
std::vector<StoredTensor> ReadPyTorchLegacy(std::string_view bytes);

// The bytes of a file as torch.save writes it (PyTorch's serialization notes: a zip archive of a
// pickle and one record per storage) of a dictionary of tensors.
std::string PyTorchZip(const std::vector<core::HostTensor>& tensors);

}  // namespace backends

#endif  // BACKENDS_TORCH_STATE_DICT_PYTORCH_FILE_H_
