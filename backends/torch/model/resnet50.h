#ifndef BACKENDS_TORCH_MODEL_RESNET50_H_
#define BACKENDS_TORCH_MODEL_RESNET50_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/torch/model/convolution.h"
#include "backends/torch/model/flat_buffer.h"
#include "core/replica.h"

namespace backends {

// ResNet-50 v1.5 (He et al. 2015, "Deep Residual Learning for Image Recognition", with the stride
// in the 3×3 convolution), with the names, order and initialization of torchvision.models.resnet50.
//
// Parameters lie in one flat buffer in the model's order, convolutions' weights channels-last
// (output, height, width, input); their gradients in another, laid out alike; the running
// statistics of batch-norm in a third.
class ResNet50 {
 public:
  // One tensor of the state dict, a view of the flat buffers (num_batches_tracked: an int64
  // scalar).
  struct Entry {
    std::string name;
    at::Tensor tensor;
    bool is_parameter;
  };

  // Where a model lies, and what its convolutions and fc compute in.
  struct Placement {
    at::Device device = at::kCPU;
    std::function<FlatBuffer(int64_t count)> allocate = HostZeros;
    // If not float32: these use a copy of the parameters in that type, as autocast does, which
    // RefreshCopy makes anew. Gradients are float32 again when they are collected.
    at::ScalarType compute_type = at::kFloat;
  };

  // All parameters and statistics are zero.
  explicit ResNet50(int64_t num_classes) : ResNet50(num_classes, Placement()) {}
  ResNet50(int64_t num_classes, const Placement& placement);
  ResNet50(const ResNet50&) = delete;
  ResNet50& operator=(const ResNet50&) = delete;

  // Convolutions: normal, variance 2 / (outputs · height · width) (He et al. 2015, "Delving Deep
  // into Rectifiers"); batch-norm: weight 1, bias 0, statistics of a standard normal; fc: uniform
  // in ± 1 / √inputs. The same seed gives the same bits. With `zero_init_residual` the last
  // batch-norm of each block starts with weight 0, so that blocks start as their shortcuts (Goyal et
  // al. 2017, "Accurate, Large Minibatch SGD", section 5.1; torchvision's option of this name).
  void Initialize(uint64_t seed, bool zero_init_residual = false);

  // Called with the output of "conv1", "maxpool", "layer1.0" … "layer4.2" and "avgpool".
  using Observer = std::function<void(std::string_view stage, const at::Tensor& output)>;

  // Logits, N × num_classes, of images, N × 3 × height × width, best channels-last. In training
  // batch-norm normalizes by the batch and updates its running statistics (momentum 0.1), else it
  // normalizes by these.
  at::Tensor Forward(const at::Tensor& images, bool training, const Observer& observer = {});

  // Makes the copy of the parameters in the placement's compute type, in one pass over memory;
  // nothing for float32. To be called after the parameters have changed.
  void RefreshCopy();

  // Adds one to every num_batches_tracked. A forward pass in training does so; a CUDA graph of it
  // that is replayed does not, as they lie on the host.
  void CountBatch();
  // The values of all num_batches_tracked, in the model's order.
  std::vector<int64_t> batch_counts() const;
  void SetBatchCounts(const std::vector<int64_t>& counts);

  // From now on a backward pass writes each parameter's gradient to gradients() and then calls
  // `ready` with its index. Nothing is added to what was there.
  void CollectGradients(std::function<void(int parameter)> ready);

  const std::vector<Entry>& state() const { return state_; }
  const std::vector<core::Extent>& extents() const { return extents_; }
  const FlatBuffer& parameters() const { return parameters_; }
  const FlatBuffer& gradients() const { return gradients_; }
  const FlatBuffer& statistics() const { return statistics_; }

 private:
  struct Parameter {
    at::Tensor value;
    at::Tensor gradient;
    at::Tensor used;  // By the forward pass: the value, or its copy in another type.
  };
  struct BatchNorm {
    at::Tensor operator()(const at::Tensor& input, bool training) const;
    at::Tensor weight, bias, mean, variance;
  };
  struct Block {
    at::Tensor operator()(const at::Tensor& input, bool training) const;
    std::string name;
    Convolution conv1;
    BatchNorm bn1;
    Convolution conv2;
    BatchNorm bn2;
    Convolution conv3;
    BatchNorm bn3;
    std::optional<Convolution> downsample = {};
    std::optional<BatchNorm> downsample_norm = {};
  };

  Convolution AddConvolution(const std::string& name, int64_t inputs, int64_t outputs,
                             int64_t kernel, int64_t stride);
  BatchNorm AddBatchNorm(const std::string& name, int64_t channels);
  Block AddBlock(const std::string& name, int64_t inputs, int64_t width, int64_t stride);
  // `matrix`: of a convolution or fc.
  Parameter AddParameter(const std::string& name, const std::vector<int64_t>& shape, bool matrix);
  at::Tensor AddStatistic(const std::string& name, int64_t channels);

  const at::TensorOptions options_;
  FlatBuffer parameters_;
  FlatBuffer gradients_;
  FlatBuffer statistics_;
  int64_t statistic_count_ = 0;  // Placed so far.
  std::vector<Entry> state_;
  std::vector<core::Extent> extents_;
  std::vector<Parameter> parameter_tensors_;
  std::vector<at::Tensor> batches_tracked_;  // By batch-norm; on the host.
  at::Tensor all_parameters_, copy_;         // Flat; undefined without a copy.

  std::optional<Convolution> conv1_;
  BatchNorm bn1_;
  std::vector<Block> blocks_;
  at::Tensor fc_weight_, fc_bias_;
};

}  // namespace backends

#endif  // BACKENDS_TORCH_MODEL_RESNET50_H_
