#ifndef CORE_TRAINING_TRAINING_REPLICA_H_
#define CORE_TRAINING_TRAINING_REPLICA_H_

#include <cstdint>
#include <vector>

#include "core/buffer.h"

namespace core {

// What one minibatch of one rank gave.
struct StepMetrics {
  double loss = 0;      // Mean over the minibatch.
  int64_t correct = 0;  // Top-1.
  int64_t count = 0;    // Images.
};

// What a shard of the validation set gave.
struct Evaluation {
  double loss_sum = 0;
  int64_t correct = 0;
  int64_t count = 0;
};

// What a model has learned beside its parameters.
struct ModelStatistics {
  std::vector<float> values;     // Of batch-norm: running means and variances.
  std::vector<int64_t> batches;  // That each batch-norm has seen.
};

// The side of a replica that strategies do not see: its data and what it learned.
class TrainingReplica {
 public:
  virtual ~TrainingReplica() = default;

  // Before a step of `epoch`, from 0: order of the data, of which the first `step` batches are left
  // out, and learning rate.
  virtual void BeginEpoch(int epoch, int64_t step) = 0;
  // Of the steps since the last call, in order; empty on servers.
  virtual std::vector<StepMetrics> TakeTraining() = 0;

  // This rank's shard of the validation set, a few batches at a time: from its first, the next
  // `batches` as far as there are some, what all of them gave. Nothing where there is none.
  virtual void BeginEvaluation() = 0;
  virtual void Evaluate(int64_t batches) = 0;
  virtual Evaluation EndEvaluation() = 0;

  // Batch-norm statistics: float32, laid out alike on all ranks.
  virtual Buffer statistics() = 0;
  // The optimizer's momentum, laid out as the parameters.
  virtual Buffer momentum() = 0;

  // Between steps: the values of a buffer of the replica's, and back.
  virtual std::vector<float> Read(Buffer source) = 0;
  virtual void Write(const std::vector<float>& values, Buffer target) = 0;
  virtual std::vector<int64_t> ReadBatchCounts() = 0;
  virtual void WriteBatchCounts(const std::vector<int64_t>& counts) = 0;
};

}  // namespace core

#endif  // CORE_TRAINING_TRAINING_REPLICA_H_
