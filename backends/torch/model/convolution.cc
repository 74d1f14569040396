#include "backends/torch/model/convolution.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <array>
#include <memory>
#include <tuple>
#include <utility>

namespace backends {
namespace {

// Up to so many elements per channel of the patches' matrix a product is faster. Measured in
// float32 on Zen 4: forward up to 64 rows of 3×3 patches, the weight's gradient, which is reordered
// and copied as well, up to 256 rows.
constexpr int64_t kForwardLimit = 64 * 9;
constexpr int64_t kGradientLimit = 256 * 9;

int64_t Padding(const at::Tensor& weight) { return weight.size(2) / 2; }

// Of the output, for one image.
int64_t OutputSize(int64_t input_size, const at::Tensor& weight, int64_t stride) {
  return (input_size + 2 * Padding(weight) - weight.size(2)) / stride + 1;
}

int64_t PatchElements(const at::Tensor& input, const at::Tensor& weight, int64_t stride) {
  return input.size(0) * OutputSize(input.size(2), weight, stride) *
         OutputSize(input.size(3), weight, stride) * weight.size(2) * weight.size(3);
}

// Pixels × channels of a channels-last tensor.
at::Tensor Rows(const at::Tensor& tensor) {
  return tensor.permute({0, 2, 3, 1}).reshape({-1, tensor.size(1)});
}

// Outputs × patch, of a weight or its gradient: a view.
at::Tensor AsMatrix(const at::Tensor& weight) {
  return weight.permute({0, 2, 3, 1}).view({weight.size(0), -1});
}

// What each output pixel sees: output pixels × (kernel · kernel · channels).
at::Tensor Patches(const at::Tensor& input, const at::Tensor& weight, int64_t stride) {
  const int64_t kernel = weight.size(2), padding = Padding(weight), channels = input.size(1);
  if (kernel == 1 && stride == 1) return Rows(input);
  at::Tensor pixels = input.permute({0, 2, 3, 1});
  if (padding > 0) {
    pixels = at::constant_pad_nd(pixels, {0, 0, padding, padding, padding, padding});
  }
  pixels = pixels.contiguous();
  const int64_t row = pixels.stride(1), pixel = pixels.stride(2);
  return pixels
      .as_strided({pixels.size(0), OutputSize(input.size(2), weight, stride),
                   OutputSize(input.size(3), weight, stride), kernel, kernel, channels},
                  {pixels.stride(0), stride * row, stride * pixel, row, pixel, 1})
      .reshape({-1, kernel * kernel * channels});
}

// The gradients of input and weight of at::convolution, those that `wanted` says.
std::tuple<at::Tensor, at::Tensor, at::Tensor> ConvolutionBackward(
    const at::Tensor& output_gradient, const at::Tensor& input, const at::Tensor& weight,
    int64_t stride, std::array<bool, 3> wanted) {
  const int64_t padding = Padding(weight);
  return at::convolution_backward(output_gradient, input, weight, at::OptionalIntArrayRef(),
                                  {stride, stride}, {padding, padding}, {1, 1},
                                  /*transposed=*/false, {0, 0}, /*groups=*/1, wanted);
}

class ConvolutionNode final : public torch::autograd::Node {
 public:
  ConvolutionNode(at::Tensor input, at::Tensor weight, at::Tensor gradient, int64_t stride)
      : Node(torch::autograd::collect_next_edges(input, weight)),
        input_(std::move(input)),
        weight_(std::move(weight)),
        gradient_(std::move(gradient)),
        stride_(stride) {}

  std::string name() const override { return "ConvolutionNode"; }

 private:
  torch::autograd::variable_list apply(torch::autograd::variable_list&& gradients) override {
    const at::NoGradGuard no_gradient;
    const at::Tensor output_gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const bool product = PatchElements(input_, weight_, stride_) <= kGradientLimit;
    const auto [input_gradient, weight_gradient, bias_gradient] =
        ConvolutionBackward(output_gradient, input_, weight_, stride_,
                            {task_should_compute_output(0), !product, false});
    if (product) {
      at::Tensor target = AsMatrix(gradient_);
      at::mm_out(target, Rows(output_gradient).t(), Patches(input_, weight_, stride_));
    } else {
      gradient_.copy_(weight_gradient);
    }
    return {input_gradient, at::Tensor()};
  }

  void release_variables() override { input_.reset(); }

  at::Tensor input_;
  const at::Tensor weight_;
  const at::Tensor gradient_;
  const int64_t stride_;
};

}  // namespace

Convolution::Convolution(at::Tensor weight, at::Tensor gradient, int64_t stride)
    : weight_(std::move(weight)), gradient_(std::move(gradient)), stride_(stride) {}

at::Tensor Convolution::Compute(const at::Tensor& input) const {
  if (PatchElements(input, weight_, stride_) > kForwardLimit) {
    return at::conv2d(input, weight_, {}, stride_, Padding(weight_));
  }
  at::Tensor output = at::mm(Patches(input, weight_, stride_), AsMatrix(weight_).t());
  return output
      .view({input.size(0), OutputSize(input.size(2), weight_, stride_),
             OutputSize(input.size(3), weight_, stride_), weight_.size(0)})
      .permute({0, 3, 1, 2});
}

at::Tensor Convolution::operator()(const at::Tensor& input) const {
  if (input.is_cuda() || weight_.scalar_type() != at::kFloat ||
      at::autocast::is_autocast_enabled(at::kCPU)) {
    return at::conv2d(input, weight_, {}, stride_, Padding(weight_));
  }
  if (!at::GradMode::is_enabled() || !weight_.requires_grad()) return Compute(input);
  at::Tensor output;
  {
    const at::NoGradGuard no_gradient;
    output = Compute(input);
  }
  torch::autograd::set_history(
      output, std::make_shared<ConvolutionNode>(input, weight_, gradient_, stride_));
  return output;
}

}  // namespace backends
