#include "experiments/faults/tiny_replica.h"

#include <algorithm>
#include <deque>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace experiments {
namespace {

constexpr int64_t kCounts[] = {300, 7, 64, 1, 500};  // Elements of the parameters.

class TinyReplica final : public backends::TorchReplica, private core::Gradients {
 public:
  TinyReplica(const Options& options, backends::BatchSource* training,
              backends::BatchSource* validation, PhaseHook hook)
      : options_(options), training_(training), validation_(validation), hook_(std::move(hook)) {
    int64_t offset = 0;
    for (int64_t count : kCounts) {
      extents_.push_back({offset, count});
      offset += count;
    }
    gradients_.assign(offset, 0.0f);
    momentum_.assign(offset, 0.0f);
    for (int64_t i = 0; i < offset; ++i) {
      parameters_.push_back(static_cast<float>((i * 37 + options.seed) % 101) / 50 - 1);
    }
  }
  ~TinyReplica() override {
    try {
      hook_(Phase::kExit);
    } catch (const std::exception&) {  // Too late to fail.
    }
  }

  core::Gradients& Backward() override {
    hook_(Phase::kLoad);
    const std::shared_ptr<const backends::Batch> batch = training_->Next();
    if (!batch) throw std::logic_error("Backward() after the epoch's last batch");
    const float target = MeanOf(*batch);
    double loss = 0;
    for (size_t i = 0; i < parameters_.size(); ++i) {
      gradients_[i] = parameters_[i] - target * static_cast<float>(1 + i % 5);
      loss += gradients_[i] * gradients_[i];
    }
    statistics_[0] = 0.9f * statistics_[0] + 0.1f * target;
    ++batches_[0];
    steps_.push_back(
        {loss / static_cast<double>(parameters_.size()), batch->count / 2, batch->count});
    left_ = extents_.size();
    return *this;
  }
  core::Work Accumulate(core::Buffer addend, core::Buffer sum) override {
    const float* from = static_cast<const float*>(addend.data);
    float* to = static_cast<float*>(sum.data);
    for (int64_t i = 0; i < sum.count; ++i) to[i] += from[i];
    return core::Done();
  }
  core::Work Update(core::Buffer gradients, float scale) override {
    hook_(Phase::kStep);
    const int64_t offset = OffsetOf(gradients);
    const float rate = static_cast<float>(options_.LearningRate(0));
    for (int64_t i = offset; i < offset + gradients.count; ++i) {
      momentum_[i] = 0.9f * momentum_[i] + gradients_[i] * scale;
      parameters_[i] -= rate * momentum_[i];
    }
    return core::Done();
  }
  core::Buffer parameters() override { return core::View(parameters_); }
  core::Buffer gradients() override { return core::View(gradients_); }
  std::span<const core::Extent> extents() const override { return extents_; }
  core::Buffer Allocate(int64_t count) override { return core::View(scratch_.emplace_back(count)); }

  void BeginEpoch(int epoch, int64_t step) override {
    hook_(Phase::kEpoch);
    if (training_ != nullptr) training_->BeginEpoch(epoch, step);
  }
  std::vector<core::StepMetrics> TakeTraining() override { return std::exchange(steps_, {}); }
  void BeginEvaluation() override {
    evaluation_ = {};
    validation_->BeginEpoch(0, 0);
  }
  void Evaluate(int64_t batches) override {
    hook_(Phase::kValidation);
    for (; batches > 0; --batches) {
      const auto batch = validation_->Next();
      if (!batch) return;
      evaluation_.loss_sum += (MeanOf(*batch) - parameters_[0]) * statistics_[0];
      evaluation_.count += batch->count;
    }
  }
  core::Evaluation EndEvaluation() override {
    hook_(Phase::kGathering);
    return evaluation_;
  }
  core::Buffer statistics() override { return core::View(statistics_); }
  core::Buffer momentum() override { return core::View(momentum_); }
  std::vector<float> Read(core::Buffer source) override {
    hook_(Phase::kCheckpoint);
    const float* values = static_cast<const float*>(source.data);
    return {values, values + source.count};
  }
  void Write(const std::vector<float>& values, core::Buffer target) override {
    std::copy(values.begin(), values.end(), static_cast<float*>(target.data));
  }
  std::vector<int64_t> ReadBatchCounts() override { return batches_; }
  void WriteBatchCounts(const std::vector<int64_t>& counts) override { batches_ = counts; }
  std::vector<core::HostTensor> ReadState() override {
    return {{.name = "parameters",
             .type = "F32",
             .shape = {std::ssize(parameters_)},
             .bytes = {reinterpret_cast<const char*>(parameters_.data()),
                       parameters_.size() * sizeof(float)}}};
  }

 private:
  static float MeanOf(const backends::Batch& batch) {
    return std::accumulate(batch.pixels.begin(), batch.pixels.end(), 0.0f) /
           static_cast<float>(batch.pixels.size());
  }
  bool Await(std::coroutine_handle<>) override { return false; }
  std::optional<core::Gradient> Take() override {
    if (left_ == 0) return std::nullopt;
    return core::Gradient{static_cast<int>(--left_)};
  }

  const Options options_;
  backends::BatchSource* const training_;
  backends::BatchSource* const validation_;
  const PhaseHook hook_;
  std::vector<core::Extent> extents_;
  std::vector<float> parameters_, gradients_, momentum_;
  std::vector<float> statistics_{0.0f};
  std::vector<int64_t> batches_{0};
  std::deque<std::vector<float>> scratch_;
  std::vector<core::StepMetrics> steps_;
  core::Evaluation evaluation_;
  size_t left_ = 0;  // Gradients of the pass.
};

}  // namespace

std::unique_ptr<backends::TorchReplica> MakeTinyReplica(
    const backends::TorchReplica::Options& options, backends::BatchSource* training,
    backends::BatchSource* validation, PhaseHook hook) {
  hook(Phase::kStart);
  return std::make_unique<TinyReplica>(options, training, validation, std::move(hook));
}

}  // namespace experiments
