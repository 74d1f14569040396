#include "core/testing/arithmetic_replica.h"

#include <algorithm>
#include <cmath>

namespace core::testing {
namespace {

// Odd sizes, one of them a single element; larger than a bucket of a few bytes, smaller than one of
// a few hundred.
constexpr int64_t kCounts[] = {7, 1, 32, 3, 64, 5};

std::vector<float> InitialParameters(int64_t count, int seed) {
  std::vector<float> parameters(count);
  for (int64_t i = 0; i < count; ++i) parameters[i] = static_cast<float>((i * 5 + seed) % 11 - 5);
  return parameters;
}

struct Element {
  float& parameter;
  float& momentum;
};

// As torch.optim.SGD without dampening.
void Sgd(Element element, float gradient, const SgdOptions& options) {
  element.momentum = options.momentum * element.momentum + gradient;
  element.parameter -= options.learning_rate * element.momentum;
}

}  // namespace

float IntegerGradient(int shard, int step, int64_t element, float parameter) {
  const int64_t data = (element * 7 + shard * 13 + step * 5) % 9 - 4;
  return static_cast<float>(data) + std::fmod(std::trunc(parameter), 3.0f);
}

ArithmeticReplica::ArithmeticReplica(int shard, int seed, SgdOptions options)
    : shard_(shard), options_(options) {
  int64_t offset = 0;
  for (int64_t count : kCounts) {
    extents_.push_back({offset, count});
    offset += count;
  }
  parameters_ = InitialParameters(offset, seed);
  gradients_.assign(offset, 0.0f);
  momentum_.assign(offset, 0.0f);
}

Gradients& ArithmeticReplica::Backward() {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    gradients_[i] = IntegerGradient(shard_, step_, static_cast<int64_t>(i), parameters_[i]);
  }
  ++step_;
  ++batch_counts_[0];
  statistics_[0] += 1;
  taken_ = 0;
  return *this;
}

std::optional<Gradient> ArithmeticReplica::Take() {
  if (taken_ == extents_.size()) return std::nullopt;
  // Roughly from the last to the first, but in another order on every rank and in every step.
  const int count = static_cast<int>(extents_.size());
  const int swap = (shard_ + step_) % 2;
  int index = static_cast<int>(taken_++);
  if (index + 1 - 2 * (index % 2) < count) index += swap * (1 - 2 * (index % 2));
  return Gradient{count - 1 - index};
}

Work ArithmeticReplica::Accumulate(Buffer addend, Buffer sum) {
  for (int64_t i = 0; i < sum.count; ++i) {
    static_cast<float*>(sum.data)[i] += static_cast<float*>(addend.data)[i];
  }
  return Done();
}

Work ArithmeticReplica::Update(Buffer gradients, float scale) {
  const float* values = static_cast<const float*>(gradients.data);
  const int64_t offset = values - gradients_.data();
  for (int64_t i = 0; i < gradients.count; ++i) {
    Sgd({parameters_.at(offset + i), momentum_.at(offset + i)}, values[i] * scale, options_);
  }
  return Done();
}

std::vector<float> ArithmeticReplica::Read(Buffer source) {
  const float* values = static_cast<const float*>(source.data);
  return {values, values + source.count};
}

void ArithmeticReplica::Write(const std::vector<float>& values, Buffer target) {
  std::copy(values.begin(), values.end(), static_cast<float*>(target.data));
}

Buffer ArithmeticReplica::Allocate(int64_t count) { return View(scratch_.emplace_back(count)); }

std::vector<float> ExpectedParameters(int shards, int seed, int steps, SgdOptions options) {
  const int64_t count = ArithmeticReplica(0, 0).parameters().count;
  std::vector<float> parameters = InitialParameters(count, seed);
  std::vector<float> momentum(count, 0.0f);
  const float scale = 1.0f / static_cast<float>(shards);
  for (int step = 0; step < steps; ++step) {
    for (int64_t i = 0; i < count; ++i) {
      float sum = 0;
      for (int shard = 0; shard < shards; ++shard) {
        sum += IntegerGradient(shard, step, i, parameters[i]);
      }
      Sgd({parameters[i], momentum[i]}, sum * scale, options);
    }
  }
  return parameters;
}

}  // namespace core::testing
