#ifndef BACKENDS_TORCH_MODEL_WEIGHTS_H_
#define BACKENDS_TORCH_MODEL_WEIGHTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "backends/torch/model/resnet50.h"
#include "backends/torch/state_dict/stored_tensor.h"
#include "core/records/safetensors.h"

namespace backends {

// The tensors in `path`: a PyTorch state dict or checkpoint (.pth, of any version of torch.save) or
// a safetensors file; which of them, its first bytes say. The prefix "module." that
// DistributedDataParallel puts before every name is taken off. Throws core::Error, one line that
// names the file.
std::vector<StoredTensor> ReadWeights(const std::string& path);

// Loads them into `model`, from any floating-point type. Throws core::Error, which names file,
// tensor and both shapes, if one is missing, left over or of another shape; the model is then
// unspecified. num_batches_tracked may be missing: files of PyTorch before 0.4.1 lack it. With
// `new_classifier`, the last layer (fc) stays as it is, whatever the file's.
void LoadWeights(const std::string& path, ResNet50& model, bool new_classifier = false);

// The state dict of `model`, contiguous, on the host.
std::vector<core::HostTensor> CopyState(const ResNet50& model);

// Writes a state dict that LoadWeights and torchvision take: as safetensors where `path` ends so,
// else as torch.save does. Whole or not at all; errors name the file.
absl::Status SaveWeights(const std::vector<core::HostTensor>& state, const std::string& path);

}  // namespace backends

#endif  // BACKENDS_TORCH_MODEL_WEIGHTS_H_
