#ifndef BACKENDS_TORCH_ENGINE_TORCH_REPLICA_H_
#define BACKENDS_TORCH_ENGINE_TORCH_REPLICA_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backends/cuda/accelerator.h"
#include "backends/images/batch.h"
#include "backends/torch/model/learning_rate.h"
#include "core/replica.h"
#include "core/timeline.h"
#include "core/training/train.h"

namespace backends {

enum class Precision {
  kFloat32,
  kBfloat16,  // Autocast: matrix products in bfloat16, parameters and sums in float32.
};

class Engine;

// A ResNet-50 on the CPU or a GPU through libtorch, trained by SGD with momentum on cross-entropy.
//
// All arithmetic is done, or told to the GPU, by one thread of the replica's own, in the order of
// the calls, so that communication and the caller go on meanwhile. On a GPU, buffers are its
// memory, and awaiting means that what starts next comes after on the accelerator's streams; the
// host waits only for a batch that is not there, and where losses are taken or the model is
// evaluated.
//
// On the CPU, with one intra-op thread the same seed and batches
// give the same bits in every run; an update gives the same bits however it is cut into slices.
// Broken data or exhausted memory come out of the operation that is awaited, as exceptions.
class TorchReplica final : public core::Replica, public core::TrainingReplica {
 public:
  struct Options {
    int num_classes = 1000;
    uint64_t seed = 0;    // Of the initial parameters.
    std::string weights;  // A file for LoadWeights, or empty: random parameters.
    Precision precision = Precision::kFloat32;
    int threads = 1;  // Intra-op.
    double label_smoothing = 0;
    double learning_rate = 0.1;
    Schedule schedule;
    int epochs = 1;  // That the schedule covers.
    double momentum = 0.9;
    double weight_decay = 1e-4;  // On every parameter, batch-norm's and biases too.
    // The GPU, which outlives the replica and whose spans are recorded; null: the CPU.
    Accelerator* accelerator = nullptr;
    // On a GPU: tells it forward and backward as one graph, once they have been run a few times.
    // All gradients of a pass are then handed over together, at its end. Batches of another size
    // than those before, and evaluation, run without.
    bool cuda_graph = false;
  };

  // Sources and timeline outlive the replica. `training` is null on a server, which holds
  // parameters and optimizer but computes no gradients; `validation` may be null too. Throws
  // core::Error if the weights cannot be loaded.
  TorchReplica(const Options& options, BatchSource* training, BatchSource* validation,
               core::Timeline* timeline);
  // Ends a pass that is under way at its next layer.
  ~TorchReplica() override;

  core::Gradients& Backward() override;
  core::Work Accumulate(core::Buffer addend, core::Buffer sum) override;
  core::Work Update(core::Buffer gradients, float scale) override;
  core::Buffer parameters() override;
  core::Buffer gradients() override;
  std::span<const core::Extent> extents() const override;
  core::Buffer Allocate(int64_t count) override;

  void BeginEpoch(int epoch) override;
  std::vector<core::StepMetrics> TakeTraining() override;
  // Cross-entropy not smoothed; with the running statistics of batch-norm.
  core::Evaluation Evaluate() override;
  core::Buffer statistics() override;

 private:
  const std::unique_ptr<Engine> engine_;
};

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_TORCH_REPLICA_H_
