#include "backends/torch/model/classification.h"

#include <ATen/ops/from_blob.h>

#include "backends/torch/testing/golden.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

class ClassificationTest : public testing::Test {
 protected:
  const nlohmann::json golden_ = ReadGolden("metrics");
  std::vector<int64_t> label_values_ = golden_["labels"];
  const at::Tensor labels_ =
      at::from_blob(label_values_.data(), {static_cast<int64_t>(label_values_.size())}, at::kLong);
  const at::Tensor logits_ = Fill("logits.metrics", {16, 1000}, -8, 8);
};

TEST_F(ClassificationTest, CrossEntropyIsThatOfPyTorch) {
  const at::Tensor by_row = CrossEntropy(logits_, labels_, at::Reduction::None);
  for (int row = 0; row < 16; ++row) {
    EXPECT_NEAR(by_row[row].item<double>(), golden_["cross_entropy_by_row"][row].get<double>(),
                1e-5);
  }
  EXPECT_NEAR(CrossEntropy(logits_, labels_, at::Reduction::Mean).item<double>(),
              golden_["cross_entropy"].get<double>(), 1e-5);
  EXPECT_NEAR(CrossEntropy(logits_, labels_, at::Reduction::Mean, 0.1).item<double>(),
              golden_["cross_entropy_label_smoothing_0.1"].get<double>(), 1e-5);
}

TEST_F(ClassificationTest, ItsGradientIsThatOfPyTorch) {
  const at::Tensor leaf = logits_.clone().set_requires_grad(true);
  CrossEntropy(leaf, labels_, at::Reduction::Mean).backward();
  EXPECT_NEAR(Norm(leaf.grad()), golden_["gradient_norm"].get<double>(), 1e-6);
  for (int i = 0; i < 8; ++i) {
    EXPECT_NEAR(leaf.grad()[0][i].item<double>(), golden_["gradient_first"][i].get<double>(), 1e-9);
  }
}

TEST_F(ClassificationTest, TopOneIsThatOfPyTorch) {
  EXPECT_EQ(CountCorrect(logits_, labels_) / 16.0, golden_["top1"].get<double>());
}

}  // namespace
}  // namespace backends
