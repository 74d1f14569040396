#include "backends/torch/model/weights.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include "backends/torch/state_dict/pytorch_file.h"
#include "core/base/error.h"
#include "core/base/file.h"

namespace backends {
namespace {

constexpr char kClassifier[] = "fc.";  // The names of the last layer begin so.

// More than any checkpoint of ResNet-50 has; to read a larger file would only eat memory.
constexpr uintmax_t kFileBytesMax = uintmax_t{4} << 30;

std::string ReadFile(const std::string& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw core::Error(error.message());
  if (size > kFileBytesMax) {
    throw core::Error("found " + std::to_string(size) + " bytes, expected at most " +
                      std::to_string(kFileBytesMax));
  }
  std::string bytes(size, '\0');
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

at::ScalarType ParseType(const core::HostTensor& tensor) {
  static const std::map<std::string_view, at::ScalarType> types = {
      {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
      {"I64", at::kLong},   {"I32", at::kInt},   {"I16", at::kShort}, {"I8", at::kChar},
      {"U8", at::kByte},    {"BOOL", at::kBool}};
  const auto found = types.find(tensor.type);
  if (found != types.end()) return found->second;
  throw core::Error(tensor.name + ": unknown element type \"" + tensor.type + "\"");
}

std::vector<StoredTensor> ReadSafetensors(std::string_view bytes) {
  core::Safetensors file = core::ValueOrThrow(core::ParseSafetensors(bytes));
  std::vector<StoredTensor> tensors;
  for (core::HostTensor& tensor : file.tensors) {
    tensors.push_back({.name = tensor.name,
                       .type = ParseType(tensor),
                       .shape = tensor.shape,
                       .strides = ContiguousStrides(tensor.shape),
                       .storage = std::make_shared<const std::string>(std::move(tensor.bytes))});
  }
  return tensors;
}

std::vector<StoredTensor> ReadAnyFormat(const std::string& path) {
  const std::string bytes = ReadFile(path);
  if (bytes.starts_with("PK")) return ReadPyTorchZip(bytes);
  if (bytes.starts_with("\x80")) return ReadPyTorchLegacy(bytes);
  if (core::IsSafetensors(bytes)) return ReadSafetensors(bytes);
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
    if (source.name.starts_with(kClassifier)) {
      message += ": the numbers of classes differ; --new-classifier starts with a new last layer";
    }
    throw core::Error(message);
  }
  const bool floating = at::isFloatingType(target.tensor.scalar_type());
  if (floating && !at::isFloatingType(source.type)) {
    throw core::Error(source.name + " holds " + c10::toString(source.type) +
                      " there and Float in the model");
  }
  target.tensor.detach().copy_(source.View());
}

void LoadTensors(const std::vector<StoredTensor>& tensors, ResNet50& model, bool new_classifier) {
  const at::NoGradGuard no_gradient;
  std::map<std::string_view, const StoredTensor*> left;
  for (const StoredTensor& tensor : tensors) left[tensor.name] = &tensor;
  for (const ResNet50::Entry& entry : model.state()) {
    if (new_classifier && entry.name.starts_with(kClassifier)) {
      left.erase(entry.name);
      continue;
    }
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

void LoadWeights(const std::string& path, ResNet50& model, bool new_classifier) {
  const std::vector<StoredTensor> tensors = ReadWeights(path);
  Naming(path, [&] { LoadTensors(tensors, model, new_classifier); });
}

std::vector<core::HostTensor> CopyState(const ResNet50& model) {
  std::vector<core::HostTensor> state;
  for (const ResNet50::Entry& entry : model.state()) {
    const at::Tensor values = entry.tensor.detach().cpu().contiguous();
    state.push_back({.name = entry.name,
                     .type = values.scalar_type() == at::kLong ? "I64" : "F32",
                     .shape = values.sizes().vec(),
                     .bytes = {static_cast<const char*>(values.data_ptr()), values.nbytes()}});
  }
  return state;
}

absl::Status SaveWeights(const std::vector<core::HostTensor>& state, const std::string& path) {
  if (path.ends_with(".safetensors")) {
    std::vector<core::TensorView> tensors;
    for (const core::HostTensor& tensor : state) tensors.push_back(tensor.View());
    return core::WriteSafetensors({{"format", "pt"}}, tensors, path);
  }
  return core::WriteFile(path, PyTorchZip(state));
}

}  // namespace backends
