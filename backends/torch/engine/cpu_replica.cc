#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <utility>

#include "backends/torch/engine/caching_allocator.h"
#include "backends/torch/engine/gradient_queue.h"
#include "backends/torch/engine/kinds_of_replicas.h"
#include "backends/torch/engine/libtorch_errors.h"
#include "backends/torch/model/classification.h"
#include "backends/torch/model/elementwise.h"
#include "backends/torch/model/flat_buffer.h"
#include "backends/torch/model/resnet50.h"
#include "backends/torch/model/weights.h"
#include "backends/worker_thread.h"

namespace backends {
namespace {

// Elements per thread below which a second thread costs more than it saves.
constexpr int64_t kGrainSize = 1 << 16;

// Records a span from its birth to its death, if there is a timeline.
class Recorded {
 public:
  Recorded(core::Timeline* timeline, core::SpanKind kind)
      : timeline_(timeline), kind_(kind), start_(timeline ? timeline->Now() : core::Duration()) {}
  ~Recorded() {
    if (timeline_) timeline_->Record({kind_, start_, timeline_->Now()});
  }
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;

 private:
  core::Timeline* const timeline_;
  const core::SpanKind kind_;
  const core::Duration start_;
};

// What this thread computes meanwhile in bfloat16, where that is safe.
class Autocast {
 public:
  explicit Autocast(Precision precision) : enabled_(precision == Precision::kBfloat16) {
    if (!enabled_) return;
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCPU, true);
  }
  ~Autocast() {
    if (!enabled_) return;
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  const bool enabled_;
};

struct TensorBatch {
  // Views: `batch` outlives them.
  explicit TensorBatch(const Batch& batch)
      : images(at::from_blob(const_cast<float*>(batch.pixels.data()),
                             {batch.count, batch.size, batch.size, 3})
                   .permute({0, 3, 1, 2})),
        labels(at::from_blob(const_cast<int64_t*>(batch.labels.data()), {batch.count}, at::kLong)) {
  }

  at::Tensor images;
  at::Tensor labels;
};

// On the processor.
class CpuReplica final : public TorchReplica {
 public:
  CpuReplica(const TorchReplica::Options& options, BatchSource* training, BatchSource* validation,
             core::Timeline* timeline);
  ~CpuReplica() override { stopping_ = true; }

  core::Gradients& Backward() override;
  core::Work Accumulate(core::Buffer addend, core::Buffer sum) override;
  core::Work Update(core::Buffer gradients, float scale) override;
  core::Buffer parameters() override { return model_.parameters().buffer(); }
  core::Buffer gradients() override { return model_.gradients().buffer(); }
  std::span<const core::Extent> extents() const override { return model_.extents(); }
  core::Buffer Allocate(int64_t count) override;

  void BeginEpoch(int epoch, int64_t step) override;
  std::vector<core::StepMetrics> TakeTraining() override { return std::exchange(steps_, {}); }
  void BeginEvaluation() override;
  void Evaluate(int64_t batches) override;
  core::Evaluation EndEvaluation() override { return evaluation_; }
  core::Buffer statistics() override { return model_.statistics().buffer(); }
  core::Buffer momentum() override { return velocities_.buffer(); }
  std::vector<float> Read(core::Buffer source) override;
  void Write(const std::vector<float>& values, core::Buffer target) override;
  std::vector<int64_t> ReadBatchCounts() override { return model_.batch_counts(); }
  void WriteBatchCounts(const std::vector<int64_t>& counts) override {
    model_.SetBatchCounts(counts);
  }
  std::vector<core::HostTensor> ReadState() override { return CopyState(model_); }

 private:
  void Pass();
  at::Tensor Forward(const at::Tensor& images, bool training);
  void EvaluateNext(int64_t batches);
  // Ends what the thread is computing if the replica is going away.
  void CheckStopping() const {
    if (stopping_) throw std::runtime_error("the replica is going away");
  }

  const TorchReplica::Options options_;
  BatchSource* const training_;
  BatchSource* const validation_;
  core::Timeline* const timeline_;
  ResNet50 model_;
  FlatBuffer velocities_;  // Untouched, hence free, until the first update.
  std::vector<FlatBuffer> scratch_;
  double learning_rate_;
  GradientQueue queue_;
  std::vector<core::StepMetrics> steps_;
  core::Evaluation evaluation_;
  std::atomic<bool> stopping_ = false;
  WorkerThread thread_;  // Last: joined before anything that it uses goes.
};

CpuReplica::CpuReplica(const TorchReplica::Options& options, BatchSource* training,
                       BatchSource* validation, core::Timeline* timeline)
    : options_(options),
      training_(training),
      validation_(validation),
      timeline_(timeline),
      model_(options.num_classes),
      velocities_(HostZeros(model_.parameters().count())),
      learning_rate_(options.LearningRate(0)) {
  if (training) {
    model_.CollectGradients([this](int parameter) {
      CheckStopping();
      queue_.Push({parameter});
    });
  }
  InstallCachingAllocator();
  thread_.RunAndWait([this] {
    at::set_num_threads(options_.threads);
    Translating([this] {
      if (options_.weights.empty() || options_.new_classifier)
        model_.Initialize(options_.seed, options_.zero_init_residual);
      if (!options_.weights.empty()) {
        LoadWeights(options_.weights, model_, options_.new_classifier);
      }
    });
  });
}

at::Tensor CpuReplica::Forward(const at::Tensor& images, bool training) {
  const Autocast autocast(options_.precision);
  const at::Tensor logits =
      model_.Forward(images, training, [this](auto, const auto&) { CheckStopping(); });
  return logits.to(at::kFloat);
}

void CpuReplica::Pass() {
  CheckStopping();
  std::shared_ptr<const Batch> batch;
  {
    const Recorded recorded(timeline_, core::SpanKind::kLoad);
    batch = training_->Next();
  }
  if (!batch) throw std::logic_error("Backward() after the epoch's last batch");
  const TensorBatch tensors(*batch);
  at::Tensor loss;
  {
    const Recorded recorded(timeline_, core::SpanKind::kForward);
    const at::Tensor logits = Forward(tensors.images, /*training=*/true);
    loss = CrossEntropy(logits, tensors.labels, at::Reduction::Mean, options_.label_smoothing);
    steps_.push_back(
        {loss.item<float>(), CountCorrect(logits.detach(), tensors.labels), batch->count});
  }
  const Recorded recorded(timeline_, core::SpanKind::kBackward);
  loss.backward();
}

core::Gradients& CpuReplica::Backward() {
  if (!training_) throw std::logic_error("Backward() on a replica without training data");
  queue_.Begin();
  (void)thread_.Run([this] {
    std::exception_ptr error;
    try {
      Translating([this] { Pass(); });
    } catch (...) {
      error = std::current_exception();
    }
    queue_.End(error);
  });
  return queue_;
}

core::Work CpuReplica::Accumulate(core::Buffer addend, core::Buffer sum) {
  CheckAddend(addend, sum);
  return thread_.Run([this, addend, sum] {
    const Recorded recorded(timeline_, core::SpanKind::kAccumulate);
    at::from_blob(sum.data, {sum.count}).add_(at::from_blob(addend.data, {addend.count}));
  });
}

core::Work CpuReplica::Update(core::Buffer gradients, float scale) {
  const int64_t offset = OffsetOf(gradients);
  const SgdOptions sgd = {.learning_rate = static_cast<float>(learning_rate_),
                          .momentum = static_cast<float>(options_.momentum),
                          .weight_decay = static_cast<float>(options_.weight_decay)};
  return thread_.Run([this, gradients, offset, sgd, scale] {
    const Recorded recorded(timeline_, core::SpanKind::kUpdate);
    float* parameters = model_.parameters().data() + offset;
    float* velocities = velocities_.data() + offset;
    const float* source = static_cast<const float*>(gradients.data);
    at::parallel_for(0, gradients.count, kGrainSize, [=](int64_t begin, int64_t end) {
      SgdUpdate(sgd, source + begin, scale, end - begin, parameters + begin, velocities + begin);
    });
  });
}

void CpuReplica::BeginEpoch(int epoch, int64_t step) {
  learning_rate_ = options_.LearningRate(epoch);
  if (training_) training_->BeginEpoch(epoch, step);
}

void CpuReplica::BeginEvaluation() {
  evaluation_ = {};
  if (validation_) validation_->BeginEpoch(0, 0);
}

void CpuReplica::EvaluateNext(int64_t batches) {
  const Recorded recorded(timeline_, core::SpanKind::kEvaluate);
  const at::NoGradGuard no_gradient;
  for (; batches > 0; --batches) {
    const std::shared_ptr<const Batch> batch = validation_->Next();
    if (!batch) return;
    const TensorBatch tensors(*batch);
    const at::Tensor logits = Forward(tensors.images, /*training=*/false);
    evaluation_.loss_sum += CrossEntropy(logits, tensors.labels, at::Reduction::Sum).item<float>();
    evaluation_.correct += CountCorrect(logits, tensors.labels);
    evaluation_.count += batch->count;
  }
}

void CpuReplica::Evaluate(int64_t batches) {
  if (!validation_) return;
  thread_.RunAndWait([&] { Translating([&] { EvaluateNext(batches); }); });
}

std::vector<float> CpuReplica::Read(core::Buffer source) {
  const float* values = static_cast<const float*>(source.data);
  return {values, values + source.count};
}

void CpuReplica::Write(const std::vector<float>& values, core::Buffer target) {
  std::copy(values.begin(), values.end(), static_cast<float*>(target.data));
}

core::Buffer CpuReplica::Allocate(int64_t count) {
  return scratch_.emplace_back(HostZeros(count)).buffer();
}

}  // namespace

std::unique_ptr<TorchReplica> MakeCpuReplica(const TorchReplica::Options& options,
                                             BatchSource* training, BatchSource* validation,
                                             core::Timeline* timeline) {
  return std::make_unique<CpuReplica>(options, training, validation, timeline);
}

}  // namespace backends
