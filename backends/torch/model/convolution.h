#ifndef BACKENDS_TORCH_MODEL_CONVOLUTION_H_
#define BACKENDS_TORCH_MODEL_CONVOLUTION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace backends {

// A square convolution without bias, faster than libtorch's on the processor.
//
// oneDNN wants weights in a layout of its own and gives gradients in another; where images are
// small and weights large, reordering takes longer than the arithmetic (ResNet-50's last stage at
// 64×64: 13 ms of 17). There the convolution is a matrix product of patches, which needs no other
// layout, and its weight's gradient is computed where it is wanted.
class Convolution {
 public:
  // `weight`: outputs × inputs × kernel × kernel, channels-last; `gradient` has its shape and
  // strides. Pads by half the kernel.
  //
  // On the processor, in float32 and outside of autocast, a backward pass writes the weight's
  // gradient to `gradient`, and autograd gets an undefined one for the weight. Elsewhere autograd
  // gets the gradient, and `gradient` is left alone.
  Convolution(at::Tensor weight, at::Tensor gradient, int64_t stride);

  // N × outputs × height × width of N × inputs × …, both channels-last.
  at::Tensor operator()(const at::Tensor& input) const;

 private:
  at::Tensor Compute(const at::Tensor& input) const;

  at::Tensor weight_;
  at::Tensor gradient_;
  int64_t stride_;
};

}  // namespace backends

#endif  // BACKENDS_TORCH_MODEL_CONVOLUTION_H_
