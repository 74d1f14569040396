#include "backends/torch/testing/golden.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <fstream>
#include <stdexcept>

namespace backends {

nlohmann::json ReadGolden(const std::string& file) {
  const std::string path = "backends/torch/testdata/" + file + ".json";
  std::ifstream stream(path);
  if (!stream) throw std::runtime_error("cannot open " + path);
  return nlohmann::json::parse(stream);
}

uint64_t FillHash(std::string_view name, int64_t i) {
  uint64_t hash = 0xCBF29CE484222325;
  for (char byte : name) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001B3;
  uint64_t z = hash + i + 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

at::Tensor Fill(std::string_view name, const std::vector<int64_t>& shape, float low, float high) {
  at::Tensor tensor = at::empty(shape);
  float* values = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const double unit = (FillHash(name, i) >> 40) / 16777216.0;
    values[i] = low + (static_cast<double>(high) - low) * unit;
  }
  return tensor;
}

std::vector<int64_t> FillLabels(std::string_view name, int64_t count, int64_t num_classes) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < count; ++i) labels.push_back(FillHash(name, i) % num_classes);
  return labels;
}

void FillModel(ResNet50& model) {
  const at::NoGradGuard no_gradient;
  const nlohmann::json golden = ReadGolden("resnet50_forward");
  const nlohmann::json& rows = golden["state_dict"];
  for (size_t i = 0; i < rows.size(); ++i) {
    const ResNet50::Entry& entry = model.state().at(i);
    if (!rows[i].contains("lo")) continue;
    entry.tensor.detach().copy_(
        Fill(entry.name, entry.tensor.sizes().vec(), rows[i]["lo"], rows[i]["hi"]));
  }
}

std::shared_ptr<const Batch> FillBatch(const std::string& images, const std::string& labels,
                                       int64_t count, int64_t size) {
  auto batch = std::make_shared<Batch>();
  batch->count = count;
  batch->size = size;
  const at::Tensor pixels =
      Fill(images, {count, 3, size, size}, -2, 2).permute({0, 2, 3, 1}).contiguous();
  const float* values = pixels.data_ptr<float>();
  batch->pixels.assign(values, values + pixels.numel());
  batch->labels = FillLabels(labels, count);
  return batch;
}

std::vector<NamedView> Views(core::Buffer parameters) {
  static const ResNet50 model(1000);
  std::vector<NamedView> views;
  for (const ResNet50::Entry& entry : model.state()) {
    if (!entry.is_parameter) continue;
    float* data = static_cast<float*>(parameters.data) + model.extents()[views.size()].offset;
    views.push_back(
        {entry.name, at::from_blob(data, entry.tensor.sizes(), entry.tensor.strides())});
  }
  return views;
}

double Norm(const at::Tensor& tensor) {
  return tensor.detach().to(at::kDouble).norm().item<double>();
}

}  // namespace backends
