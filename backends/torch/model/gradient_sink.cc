#include "backends/torch/model/gradient_sink.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>

#include <limits>
#include <memory>
#include <utility>

namespace backends {
namespace {

class GradientSink final : public torch::autograd::Node {
 public:
  // The engine runs the highest sequence number first: this as soon as the gradient is there.
  GradientSink(const at::Tensor& parameter, at::Tensor target, std::function<void()> ready)
      : Node(std::numeric_limits<uint64_t>::max()),
        target_(std::move(target)),
        ready_(std::move(ready)) {
    // Its type, too: autograd would else make a copy in the target's before the one here.
    add_input_metadata(parameter);
  }

  std::string name() const override { return "GradientSink"; }

 private:
  torch::autograd::variable_list apply(torch::autograd::variable_list&& gradients) override {
    const at::NoGradGuard no_gradient;
    if (gradients.front().defined()) target_.copy_(gradients.front());
    gradients.clear();
    ready_();
    return {};
  }

  at::Tensor target_;
  const std::function<void()> ready_;
};

}  // namespace

void SinkGradient(const at::Tensor& parameter, at::Tensor target, std::function<void()> ready) {
  torch::autograd::impl::set_gradient_edge(
      parameter,
      {std::make_shared<GradientSink>(parameter, std::move(target), std::move(ready)), 0});
}

}  // namespace backends
