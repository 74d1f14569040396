#ifndef BACKENDS_TORCH_MODEL_CLASSIFICATION_H_
#define BACKENDS_TORCH_MODEL_CLASSIFICATION_H_

#include <ATen/core/Reduction.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace backends {

// As torch.nn.functional.cross_entropy, of float32 logits, N × classes, against N int64 labels.
at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& labels,
                        at::Reduction::Reduction reduction, double label_smoothing = 0);

// Rows whose largest logit is their label's.
int64_t CountCorrect(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace backends

#endif  // BACKENDS_TORCH_MODEL_CLASSIFICATION_H_
