#include "backends/torch/model/weights.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <new>
#include <string_view>
#include <system_error>

#include "backends/torch/state_dict/pytorch_file.h"
#include "backends/torch/state_dict/safetensors.h"
#include "core/base/error.h"

namespace backends {
namespace {

// The first `limit` bytes of a file, or all it has.
std::string ReadFile(const std::string& path, uintmax_t limit) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw core::Error(error.message());
  std::string bytes(std::min(size, limit), '\0');
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw core::Error(std::strerror(errno));
  if (!stream.read(bytes.data(), bytes.size())) throw core::Error("it cannot be read");
  return bytes;
}

// The start of a file that is not what it should be, fit for one line.
std::string Quote(std::string_view bytes) {
  std::string text;
  for (char byte : bytes.substr(0, 20)) text += byte >= ' ' && byte <= '~' ? byte : '?';
  return "\"" + text + "\"";
}

std::vector<StoredTensor> ReadAnyFormat(const std::string& path) {
  if (ReadFile(path, 2) == "PK") return ReadPyTorchZip(path);
  const std::string bytes = ReadFile(path, std::numeric_limits<uintmax_t>::max());
  if (bytes.starts_with("\x80")) return ReadPyTorchLegacy(bytes);
  if (IsSafetensors(bytes)) return ReadSafetensors(bytes);
  throw core::Error("it is neither a PyTorch state dict nor a safetensors file: it begins with " +
                    Quote(bytes));
}

void TakeOffModulePrefix(std::vector<StoredTensor>& tensors) {
  constexpr std::string_view kPrefix = "module.";
  const bool all = std::all_of(tensors.begin(), tensors.end(), [&](const StoredTensor& tensor) {
    return tensor.name.starts_with(kPrefix);
  });
  if (!all) return;
  for (StoredTensor& tensor : tensors) tensor.name.erase(0, kPrefix.size());
}

void CopyTensor(const StoredTensor& source, const ResNet50::Entry& target) {
  if (source.shape != target.tensor.sizes()) {
    std::string message = source.name + " is " + FormatShape(source.shape) + " there and " +
                          FormatShape(target.tensor.sizes()) + " in the model";
    if (source.name.starts_with("fc.")) message += ": the numbers of classes differ";
    throw core::Error(message);
  }
  const bool floating = at::isFloatingType(target.tensor.scalar_type());
  if (floating && !at::isFloatingType(source.type)) {
    throw core::Error(source.name + " holds " + c10::toString(source.type) +
                      " there and Float in the model");
  }
  target.tensor.detach().copy_(source.View());
}

void LoadTensors(const std::vector<StoredTensor>& tensors, ResNet50& model) {
  const at::NoGradGuard no_gradient;
  std::map<std::string_view, const StoredTensor*> left;
  for (const StoredTensor& tensor : tensors) left[tensor.name] = &tensor;
  for (const ResNet50::Entry& entry : model.state()) {
    const auto found = left.find(entry.name);
    if (found != left.end()) {
      CopyTensor(*found->second, entry);
      left.erase(found);
    } else if (!entry.name.ends_with(".num_batches_tracked")) {
      throw core::Error("tensor " + entry.name +
                        " is missing: a state dict of torchvision's resnet50 is needed");
    }
  }
  if (!left.empty()) {
    throw core::Error(
        "tensor " + std::string(left.begin()->first) +
        " has no place in ResNet-50: a state dict of torchvision's resnet50 is needed");
  }
}

// Runs `function`; errors get the file's name.
template <typename Function>
auto Naming(const std::string& path, const Function& function) {
  try {
    return function();
  } catch (const core::Error& error) {
    throw core::Error(path + ": " + error.what());
  } catch (const std::bad_alloc&) {
    throw core::Error(path + ": not enough memory to read it");
  }
}

}  // namespace

std::vector<StoredTensor> ReadWeights(const std::string& path) {
  return Naming(path, [&] {
    std::vector<StoredTensor> tensors = ReadAnyFormat(path);
    if (tensors.empty()) throw core::Error("there is no state dict in it");
    TakeOffModulePrefix(tensors);
    return tensors;
  });
}

void LoadWeights(const std::string& path, ResNet50& model) {
  const std::vector<StoredTensor> tensors = ReadWeights(path);
  Naming(path, [&] { LoadTensors(tensors, model); });
}

}  // namespace backends
