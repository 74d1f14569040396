#ifndef BACKENDS_TORCH_TESTING_GOLDEN_H_
#define BACKENDS_TORCH_TESTING_GOLDEN_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backends/images/batch.h"
#include "backends/torch/model/resnet50.h"
#include "core/replica.h"
#include "nlohmann/json.hpp"

namespace backends {

// testdata/`file`.json: what PyTorch and torchvision computed.
nlohmann::json ReadGolden(const std::string& file);

// The golden files hold no weights and inputs but rules to make them: element i of the tensor
// called `name` comes from splitmix64(fnv1a64(name) + i).
uint64_t FillHash(std::string_view name, int64_t i);
// Row-major, uniform in [low, high).
at::Tensor Fill(std::string_view name, const std::vector<int64_t>& shape, float low, float high);
std::vector<int64_t> FillLabels(std::string_view name, int64_t count, int64_t num_classes = 1000);

// Fills parameters and statistics by the rules in resnet50_forward.json.
void FillModel(ResNet50& model);

// `count` images of `size` × `size`, uniform in [−2, 2), and their labels.
std::shared_ptr<const Batch> FillBatch(const std::string& images, const std::string& labels,
                                       int64_t count, int64_t size);

// Hands out given batches, once per epoch.
class ListSource final : public BatchSource {
 public:
  explicit ListSource(std::vector<std::shared_ptr<const Batch>> batches)
      : batches_(std::move(batches)) {}

  void BeginEpoch(int, int64_t) override { next_ = 0; }
  std::shared_ptr<const Batch> Next() override {
    return next_ < batches_.size() ? batches_[next_++] : nullptr;
  }

 private:
  const std::vector<std::shared_ptr<const Batch>> batches_;
  size_t next_ = 0;
};

// The part of a flat vector, laid out as the parameters of a ResNet-50 with 1000 classes, that
// belongs to one of them: its name and a view of its shape.
struct NamedView {
  std::string name;
  at::Tensor tensor;
};
std::vector<NamedView> Views(core::Buffer parameters);

// Euclidean, in float64.
double Norm(const at::Tensor& tensor);

}  // namespace backends

#endif  // BACKENDS_TORCH_TESTING_GOLDEN_H_
