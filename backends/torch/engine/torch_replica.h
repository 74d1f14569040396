#ifndef BACKENDS_TORCH_ENGINE_TORCH_REPLICA_H_
#define BACKENDS_TORCH_ENGINE_TORCH_REPLICA_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backends/cuda/accelerator.h"
#include "backends/images/batch.h"
#include "backends/torch/model/learning_rate.h"
#include "core/records/safetensors.h"
#include "core/replica.h"
#include "core/timeline.h"
#include "core/training/training_replica.h"

namespace backends {

enum class Precision {
  kFloat32,
  kBfloat16,  // As autocast: matrix products in bfloat16, parameters and sums in float32.
};

// A ResNet-50 on the processor or a GPU through libtorch, trained by SGD with momentum on
// cross-entropy.
//
// A thread of the replica's own computes, or launches on the GPU, in the order of the calls, so
// that communication and the caller go on meanwhile. Broken data or exhausted memory come out of
// the operation that is awaited, as exceptions.
//
// On the processor, with one intra-op thread the same seed and batches give the same bits in every
// run; an update gives the same bits however it is cut into slices. Evaluate() gives cross-entropy
// that is not smoothed, with the running statistics of batch-norm.
//
// On a GPU, buffers are its memory, and awaiting means that what starts next comes after on the
// accelerator's streams. The host waits only for a batch that is not there, and where losses are
// taken, the model is evaluated or its values are read.
class TorchReplica : public core::Replica, public core::TrainingReplica {
 public:
  struct Options {
    int num_classes = 1000;
    bool zero_init_residual = false;  // As ResNet50::Initialize.
    uint64_t seed = 0;                // Of the initial parameters.
    std::string weights;              // A file for LoadWeights, or empty: random parameters.
    bool new_classifier = false;      // The last layer stays random.
    Precision precision = Precision::kFloat32;
    int threads = 1;  // Intra-op.
    double label_smoothing = 0;
    double learning_rate = 0.1;
    Schedule schedule;
    int epochs = 1;  // That the schedule covers.
    double momentum = 0.9;
    double weight_decay = 1e-4;  // On every parameter, batch-norm's and biases too.
    // The GPU, whose spans are recorded; null: the processor.
    Accelerator* accelerator = nullptr;
    // On a GPU: launches forward and backward as one graph, once they have been run a few times.
    // All gradients of a pass are then handed over together, at its end. Batches of another size
    // than those before, and evaluation, run without.
    bool cuda_graph = false;

    double LearningRate(int epoch) const { return learning_rate * schedule.Factor(epoch, epochs); }
  };

  // The model's state dict, with the names and layout of torchvision's. Between steps.
  virtual std::vector<core::HostTensor> ReadState() = 0;

 protected:
  // Throws std::logic_error if the sizes differ.
  static void CheckAddend(core::Buffer addend, core::Buffer sum);
  // The first element of `gradients` in gradients(). Throws std::logic_error if it is no slice.
  int64_t OffsetOf(core::Buffer gradients);
};

// Sources, timeline and accelerator outlive the replica, which ends a pass that is under way at its
// next layer when it goes. `training` is null on a server, which holds parameters and optimizer but
// computes no gradients; `validation` may be null too. Throws core::Error if the weights cannot be
// loaded, or for an accelerator in a build without CUDA.
std::unique_ptr<TorchReplica> MakeTorchReplica(const TorchReplica::Options& options,
                                               BatchSource* training, BatchSource* validation,
                                               core::Timeline* timeline);

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_TORCH_REPLICA_H_
