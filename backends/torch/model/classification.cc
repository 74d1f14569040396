#include "backends/torch/model/classification.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/cross_entropy_loss.h>

namespace backends {

at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& labels,
                        at::Reduction::Reduction reduction, double label_smoothing) {
  constexpr int64_t kIgnoredLabel = -100;  // PyTorch's default; our labels are from 0.
  return at::cross_entropy_loss(logits, labels, {}, reduction, kIgnoredLabel, label_smoothing);
}

int64_t CountCorrect(const at::Tensor& logits, const at::Tensor& labels) {
  return logits.argmax(1).eq(labels).sum().item<int64_t>();
}

}  // namespace backends
