#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <atomic>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include "backends/cuda/batch_uploader.h"
#include "backends/torch/engine/device_inputs.h"
#include "backends/torch/engine/gradient_queue.h"
#include "backends/torch/engine/kinds_of_replicas.h"
#include "backends/torch/engine/launched_operation.h"
#include "backends/torch/engine/libtorch_errors.h"
#include "backends/torch/model/classification.h"
#include "backends/torch/model/resnet50.h"
#include "backends/torch/model/weights.h"
#include "backends/worker_thread.h"
#include "core/base/error.h"

namespace backends {
namespace {

// Passes over batches of one size before one is captured: cuDNN has then chosen its kernels.
constexpr int kPassesBeforeGraph = 3;

// What the forward pass makes of a batch: scalars on the device, and the number of its images.
struct Outcome {
  at::Tensor loss;
  at::Tensor correct;
  int64_t count = 0;
};

class CudaReplica final : public TorchReplica {
 public:
  CudaReplica(const TorchReplica::Options& options, BatchSource* training, BatchSource* validation);
  ~CudaReplica() override;

  core::Gradients& Backward() override;
  core::Work Accumulate(core::Buffer addend, core::Buffer sum) override;
  core::Work Update(core::Buffer gradients, float scale) override;
  core::Buffer parameters() override { return model_->parameters().buffer(); }
  core::Buffer gradients() override { return model_->gradients().buffer(); }
  std::span<const core::Extent> extents() const override { return model_->extents(); }
  core::Buffer Allocate(int64_t count) override;

  void BeginEpoch(int epoch, int64_t step) override;
  std::vector<core::StepMetrics> TakeTraining() override;
  void BeginEvaluation() override;
  void Evaluate(int64_t batches) override;
  core::Evaluation EndEvaluation() override;
  core::Buffer statistics() override { return model_->statistics().buffer(); }
  core::Buffer momentum() override { return velocities_.buffer(); }
  std::vector<float> Read(core::Buffer source) override;
  void Write(const std::vector<float>& values, core::Buffer target) override;
  std::vector<int64_t> ReadBatchCounts() override { return model_->batch_counts(); }
  void WriteBatchCounts(const std::vector<int64_t>& counts) override {
    model_->SetBatchCounts(counts);
  }
  std::vector<core::HostTensor> ReadState() override;

 private:
  // On the thread, which launches all work of the device.
  void Start();
  void Pass();
  void RunEagerly(const at::Tensor& images, const at::Tensor& labels);
  bool Replay(const at::Tensor& images, const at::Tensor& labels);
  void Capture(const at::Tensor& images, const at::Tensor& labels);
  Outcome Forward(const at::Tensor& images, const at::Tensor& labels);
  void HandOverAll();
  void EvaluateNext(int64_t batches);

  // Runs `function` on the thread and waits for its end.
  void OnThread(const std::function<void()>& function) {
    thread_.RunAndWait([&function] { Translating(function); });
  }
  FlatBuffer Zeros(int64_t count);
  at::Tensor View(core::Buffer buffer) const;
  core::Work Launch(core::SpanKind kind, std::function<void()> function);
  void Record(core::SpanKind kind, std::shared_ptr<DeviceEvent> start);
  void CheckStopping() const {
    if (stopping_) throw std::runtime_error("the replica is going away");
  }

  const TorchReplica::Options options_;
  Accelerator& accelerator_;
  const at::TensorOptions on_device_;
  const at::ScalarType compute_type_;
  std::unique_ptr<BatchUploader> training_, validation_;
  std::unique_ptr<ResNet50> model_;
  FlatBuffer velocities_;
  std::vector<FlatBuffer> scratch_;
  std::optional<DeviceInputs> inputs_;
  std::map<float, at::Tensor> divisors_;  // By scale of an update.
  double learning_rate_;
  GradientQueue queue_;

  std::vector<Outcome> steps_;
  Outcome evaluation_;                // Sums.
  std::vector<int64_t> graph_sizes_;  // Of the first batch's images; others are no graph's.
  int passes_ = 0;                    // Of this size, one by one.
  bool capturing_ = false;
  std::unique_ptr<at::cuda::CUDAGraph> graph_;
  Inputs captured_inputs_;
  Outcome captured_;
  std::atomic<bool> stopping_ = false;
  WorkerThread thread_;  // Last: joined before anything that it uses goes.
};

CudaReplica::CudaReplica(const TorchReplica::Options& options, BatchSource* training,
                         BatchSource* validation)
    : options_(options),
      accelerator_(*options.accelerator),
      on_device_(at::TensorOptions(at::Device(at::kCUDA, static_cast<at::DeviceIndex>(
                                                             options.accelerator->device->index())))
                     .dtype(at::kFloat)),
      compute_type_(options.precision == Precision::kBfloat16 ? at::kBFloat16 : at::kFloat),
      learning_rate_(options.LearningRate(0)),
      queue_(&accelerator_.order) {
  accelerator_.device->Enter();
  if (training) training_ = std::make_unique<BatchUploader>(*accelerator_.device, *training);
  if (validation) validation_ = std::make_unique<BatchUploader>(*accelerator_.device, *validation);
  OnThread([this] { Start(); });
}

CudaReplica::~CudaReplica() {
  stopping_ = true;
  // What is launched already reads and writes memory that goes now.
  try {
    thread_.RunAndWait([this] {
      accelerator_.compute->Record()->Wait();
      graph_.reset();
    });
  } catch (const std::exception&) {  // The device has failed: there is nothing left to wait for.
  }
}

void CudaReplica::Start() {
  accelerator_.device->Enter();
  const auto device = on_device_.device().index();
  c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromExternal(
      static_cast<cudaStream_t>(accelerator_.compute->handle()), device));
  at::globalContext().setBenchmarkCuDNN(true);
  // float32 means float32: TensorFloat-32 keeps 10 bits.
  at::globalContext().setAllowTF32CuDNN(false);

  model_ = std::make_unique<ResNet50>(
      options_.num_classes,
      ResNet50::Placement{.device = on_device_.device(),
                          .allocate = [this](int64_t count) { return Zeros(count); },
                          .compute_type = compute_type_});
  velocities_ = Zeros(model_->parameters().count());
  {
    // The same bits as on the processor.
    ResNet50 host(options_.num_classes);
    if (options_.weights.empty() || options_.new_classifier)
      host.Initialize(options_.seed, options_.zero_init_residual);
    if (!options_.weights.empty()) {
      LoadWeights(options_.weights, host, options_.new_classifier);
    }
    model_->SetBatchCounts(host.batch_counts());
    const at::NoGradGuard no_gradient;
    for (const auto& [from, to] : {std::pair(&host.parameters(), &model_->parameters()),
                                   std::pair(&host.statistics(), &model_->statistics())}) {
      View(to->buffer()).copy_(at::from_blob(from->data(), {from->count()}));
    }
    accelerator_.compute->Record()->Wait();
  }
  inputs_.emplace(accelerator_, on_device_, compute_type_);
  if (!training_) return;
  model_->CollectGradients([this](int parameter) {
    CheckStopping();
    if (!capturing_) queue_.Push({parameter}, accelerator_.compute->Record());
  });
}

FlatBuffer CudaReplica::Zeros(int64_t count) {
  auto zeros = std::make_shared<at::Tensor>(at::zeros({count}, on_device_));
  return FlatBuffer(count, std::shared_ptr<void>(zeros, zeros->data_ptr()));
}

at::Tensor CudaReplica::View(core::Buffer buffer) const {
  return at::from_blob(buffer.data, {buffer.count}, on_device_);
}

void CudaReplica::Record(core::SpanKind kind, std::shared_ptr<DeviceEvent> start) {
  accelerator_.spans.Record(kind, std::move(start), accelerator_.compute->Record(), 0);
}

Outcome CudaReplica::Forward(const at::Tensor& images, const at::Tensor& labels) {
  model_->RefreshCopy();
  const at::Tensor logits =
      model_->Forward(images, /*training=*/true, [this](auto, const auto&) { CheckStopping(); })
          .to(at::kFloat);
  const at::Tensor loss =
      CrossEntropy(logits, labels, at::Reduction::Mean, options_.label_smoothing);
  return {loss, logits.detach().argmax(1).eq(labels).sum(), labels.size(0)};
}

void CudaReplica::Pass() {
  CheckStopping();
  const std::optional<Inputs> inputs = inputs_->Next(*training_);
  if (!inputs) throw std::logic_error("Backward() after the epoch's last batch");
  if (!options_.cuda_graph || !Replay(inputs->images, inputs->labels)) {
    RunEagerly(inputs->images, inputs->labels);
  }
}

void CudaReplica::RunEagerly(const at::Tensor& images, const at::Tensor& labels) {
  std::shared_ptr<DeviceEvent> start = accelerator_.compute->Record();
  Outcome outcome = Forward(images, labels);
  Record(core::SpanKind::kForward, std::move(start));
  start = accelerator_.compute->Record();
  outcome.loss.backward();
  Record(core::SpanKind::kBackward, std::move(start));
  outcome.loss = outcome.loss.detach();
  steps_.push_back(std::move(outcome));
}

// False if this pass has to be run eagerly.
bool CudaReplica::Replay(const at::Tensor& images, const at::Tensor& labels) {
  if (graph_sizes_.empty()) graph_sizes_ = images.sizes().vec();
  if (images.sizes() != at::IntArrayRef(graph_sizes_)) return false;
  if (++passes_ <= kPassesBeforeGraph) return false;
  if (graph_) {
    model_->CountBatch();
  } else {
    Capture(images, labels);  // Which counts the batch.
  }
  const at::NoGradGuard no_gradient;
  captured_inputs_.images.copy_(images);
  captured_inputs_.labels.copy_(labels);
  const std::shared_ptr<DeviceEvent> start = accelerator_.compute->Record();
  graph_->replay();
  // There is no instant between the two that the host could ask for.
  Record(core::SpanKind::kBackward, start);
  steps_.push_back({captured_.loss.clone(), captured_.correct.clone(), captured_.count});
  HandOverAll();
  return true;
}

void CudaReplica::Capture(const at::Tensor& images, const at::Tensor& labels) {
  captured_inputs_ = {images.clone(), labels.clone()};
  // It stays if capturing fails: libtorch's allocator then still asks it.
  graph_ = std::make_unique<at::cuda::CUDAGraph>();
  capturing_ = true;
  // Other threads go on to copy and communicate meanwhile.
  graph_->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  captured_ = Forward(captured_inputs_.images, captured_inputs_.labels);
  captured_.loss.backward();
  captured_.loss = captured_.loss.detach();
  graph_->capture_end();
  capturing_ = false;
}

void CudaReplica::HandOverAll() {
  const std::shared_ptr<DeviceEvent> end = accelerator_.compute->Record();
  for (int parameter = static_cast<int>(model_->extents().size()); parameter-- > 0;) {
    queue_.Push({parameter}, end);
  }
}

core::Gradients& CudaReplica::Backward() {
  if (!training_) throw std::logic_error("Backward() on a replica without training data");
  queue_.Begin();
  (void)thread_.Run([this] {
    std::exception_ptr error;
    std::shared_ptr<DeviceEvent> end;
    try {
      Translating([&] {
        Pass();
        end = accelerator_.compute->Record();
      });
    } catch (...) {
      error = std::current_exception();
    }
    queue_.End(error, std::move(end));
  });
  return queue_;
}

core::Work CudaReplica::Launch(core::SpanKind kind, std::function<void()> function) {
  auto operation = std::make_shared<LaunchedOperation>(accelerator_.order);
  return thread_.Run(
      [this, kind, operation, function = std::move(function)] {
        Translating([&] {
          const at::NoGradGuard no_gradient;
          const std::shared_ptr<DeviceEvent> start = accelerator_.compute->Record();
          function();
          operation->end = accelerator_.compute->Record();
          accelerator_.spans.Record(kind, start, operation->end, 0);
        });
      },
      operation);
}

core::Work CudaReplica::Accumulate(core::Buffer addend, core::Buffer sum) {
  CheckAddend(addend, sum);
  return Launch(core::SpanKind::kAccumulate, [this, addend, sum] { View(sum).add_(View(addend)); });
}

core::Work CudaReplica::Update(core::Buffer gradients, float scale) {
  const int64_t offset = OffsetOf(gradients);
  const double learning_rate = learning_rate_;
  return Launch(core::SpanKind::kUpdate, [this, gradients, offset, scale, learning_rate] {
    const core::Buffer parameters = model_->parameters().buffer().Slice(offset, gradients.count);
    const core::Buffer velocities = velocities_.buffer().Slice(offset, gradients.count);
    // The kernel divides by it, in the same pass over memory.
    std::optional<at::Tensor> divisor;
    if (scale != 1) {
      at::Tensor& kept = divisors_[scale];
      if (!kept.defined()) kept = at::full({1}, 1 / scale, on_device_);
      divisor = kept;
    }
    std::vector<at::Tensor> momentum;  // Which the kernel wants only if there is some.
    if (options_.momentum != 0) momentum.push_back(View(velocities));
    at::_fused_sgd_({View(parameters)}, {View(gradients)}, momentum, options_.weight_decay,
                    options_.momentum, learning_rate, /*dampening=*/0,
                    /*nesterov=*/false, /*maximize=*/false, /*is_first_step=*/false, divisor);
  });
}

void CudaReplica::BeginEpoch(int epoch, int64_t step) {
  learning_rate_ = options_.LearningRate(epoch);
  if (training_) training_->BeginEpoch(epoch, step);
}

std::vector<core::StepMetrics> CudaReplica::TakeTraining() {
  std::vector<core::StepMetrics> metrics;
  OnThread([&] {
    if (steps_.empty()) return;
    std::vector<at::Tensor> losses, correct;
    for (const Outcome& step : steps_) {
      losses.push_back(step.loss);
      correct.push_back(step.correct);
    }
    const at::Tensor all_losses = at::stack(losses).cpu(), all_correct = at::stack(correct).cpu();
    for (size_t i = 0; i < steps_.size(); ++i) {
      metrics.push_back(
          {all_losses.data_ptr<float>()[i], all_correct.data_ptr<int64_t>()[i], steps_[i].count});
    }
    steps_.clear();
  });
  return metrics;
}

void CudaReplica::BeginEvaluation() {
  if (!validation_) return;
  validation_->BeginEpoch(0, 0);
  OnThread([&] {
    const at::NoGradGuard no_gradient;
    model_->RefreshCopy();
    evaluation_ = {at::zeros({}, on_device_.dtype(at::kDouble)),
                   at::zeros({}, on_device_.dtype(at::kLong)), 0};
  });
}

void CudaReplica::EvaluateNext(int64_t batches) {
  const at::NoGradGuard no_gradient;
  const std::shared_ptr<DeviceEvent> start = accelerator_.compute->Record();
  for (; batches > 0; --batches) {
    const std::optional<Inputs> inputs = inputs_->Next(*validation_);
    if (!inputs) break;
    const at::Tensor logits = model_
                                  ->Forward(inputs->images, /*training=*/false,
                                            [this](auto, const auto&) { CheckStopping(); })
                                  .to(at::kFloat);
    evaluation_.loss += CrossEntropy(logits, inputs->labels, at::Reduction::Sum);
    evaluation_.correct += logits.argmax(1).eq(inputs->labels).sum();
    evaluation_.count += inputs->labels.size(0);
  }
  Record(core::SpanKind::kEvaluate, start);
}

void CudaReplica::Evaluate(int64_t batches) {
  if (validation_) OnThread([&] { EvaluateNext(batches); });
}

core::Evaluation CudaReplica::EndEvaluation() {
  core::Evaluation sums;
  if (!validation_) return sums;
  OnThread([&] {
    sums = {evaluation_.loss.item<double>(), evaluation_.correct.item<int64_t>(),
            evaluation_.count};
  });
  return sums;
}

std::vector<float> CudaReplica::Read(core::Buffer source) {
  std::vector<float> values(source.count);
  OnThread([&] { at::from_blob(values.data(), {source.count}).copy_(View(source)); });
  return values;
}

void CudaReplica::Write(const std::vector<float>& values, core::Buffer target) {
  OnThread([&] {
    View(target).copy_(at::from_blob(const_cast<float*>(values.data()), {target.count}));
    accelerator_.compute->Record()->Wait();  // Before others use it on streams of theirs.
  });
}

std::vector<core::HostTensor> CudaReplica::ReadState() {
  std::vector<core::HostTensor> state;
  OnThread([&] { state = CopyState(*model_); });
  return state;
}

core::Buffer CudaReplica::Allocate(int64_t count) {
  core::Buffer buffer;
  OnThread([&] {
    buffer = scratch_.emplace_back(Zeros(count)).buffer();
    accelerator_.compute->Record()->Wait();  // Zeroed before others write to it.
  });
  return buffer;
}

}  // namespace

std::unique_ptr<TorchReplica> MakeCudaReplica(const TorchReplica::Options& options,
                                              BatchSource* training, BatchSource* validation) {
  return std::make_unique<CudaReplica>(options, training, validation);
}

}  // namespace backends
