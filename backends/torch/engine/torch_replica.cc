#include "backends/torch/engine/torch_replica.h"

#include "backends/torch/engine/engine.h"

namespace backends {

TorchReplica::TorchReplica(const Options& options, BatchSource* training, BatchSource* validation,
                           core::Timeline* timeline)
    : engine_(options.accelerator == nullptr
                  ? MakeCpuEngine(options, training, validation, timeline)
                  : MakeCudaEngine(options, training, validation)) {}

TorchReplica::~TorchReplica() = default;

core::Gradients& TorchReplica::Backward() { return engine_->Backward(); }
core::Work TorchReplica::Accumulate(core::Buffer addend, core::Buffer sum) {
  return engine_->Accumulate(addend, sum);
}
core::Work TorchReplica::Update(core::Buffer gradients, float scale) {
  return engine_->Update(gradients, scale);
}
core::Buffer TorchReplica::parameters() { return engine_->parameters(); }
core::Buffer TorchReplica::gradients() { return engine_->gradients(); }
std::span<const core::Extent> TorchReplica::extents() const { return engine_->extents(); }
core::Buffer TorchReplica::Allocate(int64_t count) { return engine_->Allocate(count); }
void TorchReplica::BeginEpoch(int epoch) { engine_->BeginEpoch(epoch); }
std::vector<core::StepMetrics> TorchReplica::TakeTraining() { return engine_->TakeTraining(); }
core::Evaluation TorchReplica::Evaluate() { return engine_->Evaluate(); }
core::Buffer TorchReplica::statistics() { return engine_->statistics(); }

}  // namespace backends
