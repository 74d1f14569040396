#include "backends/torch/model/resnet50.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "backends/torch/model/gradient_sink.h"

namespace backends {
namespace {

constexpr int64_t kConvolutionAndNormParameters = 23'508'032;
constexpr int64_t kFeatures = 2048;
constexpr int64_t kStatistics = 53'120;
constexpr double kBatchNormMomentum = 0.1;
constexpr double kBatchNormEpsilon = 1e-5;

struct Stage {
  int blocks;
  int64_t width;
  int64_t stride;
};
constexpr Stage kStages[] = {{3, 64, 1}, {4, 128, 2}, {6, 256, 2}, {3, 512, 2}};
constexpr int64_t kExpansion = 4;

}  // namespace

ResNet50::ResNet50(int64_t num_classes, const Placement& placement)
    : options_(at::TensorOptions(placement.device).dtype(at::kFloat)),
      parameters_(
          placement.allocate(kConvolutionAndNormParameters + (kFeatures + 1) * num_classes)),
      gradients_(placement.allocate(parameters_.count())),
      statistics_(placement.allocate(kStatistics)) {
  if (placement.compute_type != at::kFloat) {
    all_parameters_ = at::from_blob(parameters_.data(), {parameters_.count()}, options_);
    copy_ = at::zeros({parameters_.count()}, options_.dtype(placement.compute_type));
  }
  conv1_ = AddConvolution("conv1", 3, 64, 7, 2);
  bn1_ = AddBatchNorm("bn1", 64);
  int64_t channels = 64;
  int layer = 0;
  for (const Stage& stage : kStages) {
    ++layer;
    for (int i = 0; i < stage.blocks; ++i) {
      const std::string name = "layer" + std::to_string(layer) + "." + std::to_string(i);
      blocks_.push_back(AddBlock(name, channels, stage.width, i == 0 ? stage.stride : 1));
      channels = stage.width * kExpansion;
    }
  }
  fc_weight_ = AddParameter("fc.weight", {num_classes, kFeatures}, /*matrix=*/true).used;
  fc_bias_ = AddParameter("fc.bias", {num_classes}, /*matrix=*/true).used;
  TORCH_CHECK(extents_.back().offset + extents_.back().count == parameters_.count() &&
              statistic_count_ == statistics_.count());
}

ResNet50::Parameter ResNet50::AddParameter(const std::string& name,
                                           const std::vector<int64_t>& shape, bool matrix) {
  const int64_t offset = extents_.empty() ? 0 : extents_.back().offset + extents_.back().count;
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  TORCH_CHECK(offset + count <= parameters_.count());
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size() - 1; i-- > 0;) strides[i] = strides[i + 1] * shape[i + 1];
  // No permuted view of a tensor: its gradient's edge would be lost with the first change in place.
  if (shape.size() == 4) strides = {count / shape[0], 1, shape[3] * shape[1], shape[1]};
  const auto view = [&](const FlatBuffer& flat) {
    return at::from_blob(flat.data() + offset, shape, strides, options_);
  };
  Parameter parameter = {view(parameters_), view(gradients_), {}};
  parameter.used = parameter.value;
  if (matrix && copy_.defined()) {
    void* start = static_cast<std::byte*>(copy_.data_ptr()) + offset * copy_.element_size();
    parameter.used = at::from_blob(start, shape, strides, copy_.options());
  }
  extents_.push_back({offset, count});
  parameter_tensors_.push_back(parameter);
  state_.push_back({name, parameter.value, true});
  return parameter;
}

at::Tensor ResNet50::AddStatistic(const std::string& name, int64_t channels) {
  TORCH_CHECK(statistic_count_ + channels <= statistics_.count());
  at::Tensor tensor = at::from_blob(statistics_.data() + statistic_count_, {channels}, options_);
  statistic_count_ += channels;
  state_.push_back({name, tensor, false});
  return tensor;
}

Convolution ResNet50::AddConvolution(const std::string& name, int64_t inputs, int64_t outputs,
                                     int64_t kernel, int64_t stride) {
  const Parameter weight = AddParameter(name + ".weight", {outputs, inputs, kernel, kernel},
                                        /*matrix=*/true);
  return Convolution(weight.used, weight.gradient, stride);
}

ResNet50::BatchNorm ResNet50::AddBatchNorm(const std::string& name, int64_t channels) {
  BatchNorm norm;
  norm.weight = AddParameter(name + ".weight", {channels}, /*matrix=*/false).value;
  norm.bias = AddParameter(name + ".bias", {channels}, /*matrix=*/false).value;
  norm.mean = AddStatistic(name + ".running_mean", channels);
  norm.variance = AddStatistic(name + ".running_var", channels);
  batches_tracked_.push_back(at::zeros({}, at::kLong));
  state_.push_back({name + ".num_batches_tracked", batches_tracked_.back(), false});
  return norm;
}

ResNet50::Block ResNet50::AddBlock(const std::string& name, int64_t inputs, int64_t width,
                                   int64_t stride) {
  const int64_t outputs = width * kExpansion;
  Block block = {
      .name = name,
      .conv1 = AddConvolution(name + ".conv1", inputs, width, 1, 1),
      .bn1 = AddBatchNorm(name + ".bn1", width),
      .conv2 = AddConvolution(name + ".conv2", width, width, 3, stride),
      .bn2 = AddBatchNorm(name + ".bn2", width),
      .conv3 = AddConvolution(name + ".conv3", width, outputs, 1, 1),
      .bn3 = AddBatchNorm(name + ".bn3", outputs),
  };
  if (inputs != outputs) {
    block.downsample = AddConvolution(name + ".downsample.0", inputs, outputs, 1, stride);
    block.downsample_norm = AddBatchNorm(name + ".downsample.1", outputs);
  }
  return block;
}

void ResNet50::Initialize(uint64_t seed, bool zero_init_residual) {
  const at::NoGradGuard no_gradient;
  const at::Generator generator = at::detail::createCPUGenerator(seed);
  for (const Entry& entry : state_) {
    // In the order of memory, which is the fast one.
    at::Tensor values =
        at::from_blob(entry.tensor.data_ptr(), {entry.tensor.numel()}, entry.tensor.scalar_type());
    if (entry.tensor.dim() == 4) {
      const double fan_out = static_cast<double>(values.numel()) / entry.tensor.size(1);
      values.normal_(0, std::sqrt(2 / fan_out), generator);
    } else if (entry.name.starts_with("fc.")) {
      const double bound = 1 / std::sqrt(kFeatures);
      values.uniform_(-bound, bound, generator);
    } else {
      const bool zero = zero_init_residual && entry.name.ends_with(".bn3.weight");
      const bool one = entry.name.ends_with(".weight") || entry.name.ends_with(".running_var");
      values.fill_(one && !zero ? 1 : 0);
    }
  }
}

void ResNet50::RefreshCopy() {
  const at::NoGradGuard no_gradient;
  if (copy_.defined()) copy_.copy_(all_parameters_);
}

void ResNet50::CountBatch() {
  for (at::Tensor& count : batches_tracked_) count += 1;
}

std::vector<int64_t> ResNet50::batch_counts() const {
  std::vector<int64_t> counts;
  for (const at::Tensor& count : batches_tracked_) counts.push_back(count.item<int64_t>());
  return counts;
}

void ResNet50::SetBatchCounts(const std::vector<int64_t>& counts) {
  for (size_t i = 0; i < batches_tracked_.size(); ++i) batches_tracked_[i].fill_(counts.at(i));
}

void ResNet50::CollectGradients(std::function<void(int)> ready) {
  for (size_t i = 0; i < parameter_tensors_.size(); ++i) {
    SinkGradient(parameter_tensors_[i].used, parameter_tensors_[i].gradient,
                 [ready, i] { ready(i); });
  }
}

at::Tensor ResNet50::BatchNorm::operator()(const at::Tensor& input, bool training) const {
  return at::batch_norm(input, weight, bias, mean, variance, training, kBatchNormMomentum,
                        kBatchNormEpsilon, /*cudnn_enabled=*/input.is_cuda());
}

at::Tensor ResNet50::Block::operator()(const at::Tensor& input, bool training) const {
  at::Tensor output = bn1(conv1(input), training).relu_();
  output = bn2(conv2(output), training).relu_();
  output = bn3(conv3(output), training);
  output += downsample ? (*downsample_norm)((*downsample)(input), training) : input;
  return output.relu_();
}

at::Tensor ResNet50::Forward(const at::Tensor& images, bool training, const Observer& observer) {
  const auto observe = [&](std::string_view stage, const at::Tensor& output) {
    if (observer) observer(stage, output);
  };
  at::Tensor output = (*conv1_)(images);
  observe("conv1", output);
  output = at::max_pool2d(bn1_(output, training).relu_(), 3, 2, 1);
  observe("maxpool", output);
  for (const Block& block : blocks_) {
    output = block(output, training);
    observe(block.name, output);
  }
  output = output.mean({2, 3});
  observe("avgpool", output);
  if (training) CountBatch();
  return at::linear(output, fc_weight_, fc_bias_);
}

}  // namespace backends
