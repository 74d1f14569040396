#ifndef CORE_TESTING_ARITHMETIC_REPLICA_H_
#define CORE_TESTING_ARITHMETIC_REPLICA_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "core/replica.h"
#include "core/training/training_replica.h"

namespace core::testing {

// Hyperparameters for which float arithmetic on small integers is exact: powers of two.
struct SgdOptions {
  float learning_rate = 0.25f;
  float momentum = 0.5f;
};

// A model of a few dozen parameters whose gradients are small integers that depend on the shard of
// data, the step and the parameters' values, so that stale parameters or a missing gradient show.
// Sums are exact in any order: whatever averages correctly gives the same bits.
class ArithmeticReplica : public Replica, public TrainingReplica, private Gradients {
 public:
  // `shard`: which training rank's data this replica sees. Parameters differ by `seed`.
  ArithmeticReplica(int shard, int seed, SgdOptions options = {});

  Gradients& Backward() override;
  Work Accumulate(Buffer addend, Buffer sum) override;
  Work Update(Buffer gradients, float scale) override;
  Buffer parameters() override { return View(parameters_); }
  Buffer gradients() override { return View(gradients_); }
  std::span<const Extent> extents() const override { return extents_; }
  Buffer Allocate(int64_t count) override;

  // Its epochs have any number of steps; there is nothing to validate.
  void BeginEpoch(int /*epoch*/, int64_t step) override { step_ = static_cast<int>(step); }
  std::vector<StepMetrics> TakeTraining() override { return {}; }
  void BeginEvaluation() override {}
  void Evaluate(int64_t) override {}
  Evaluation EndEvaluation() override { return {}; }
  // The number of passes, as if it were learned.
  Buffer statistics() override { return View(statistics_); }
  Buffer momentum() override { return View(momentum_); }
  std::vector<float> Read(Buffer source) override;
  void Write(const std::vector<float>& values, Buffer target) override;
  std::vector<int64_t> ReadBatchCounts() override { return batch_counts_; }
  void WriteBatchCounts(const std::vector<int64_t>& counts) override { batch_counts_ = counts; }

  const std::vector<float>& values() const { return parameters_; }
  // Backward() calls, also of the replica whose checkpoint was restored.
  int64_t passes() const { return batch_counts_[0]; }

 private:
  bool Await(std::coroutine_handle<>) override { return false; }
  std::optional<Gradient> Take() override;

  const int shard_;
  const SgdOptions options_;
  std::vector<Extent> extents_;
  std::vector<float> parameters_;
  std::vector<float> gradients_;
  std::vector<float> momentum_;
  std::vector<float> statistics_{0.0f};
  std::vector<int64_t> batch_counts_{0};
  std::deque<std::vector<float>> scratch_;
  int step_ = 0;
  size_t taken_ = 0;
};

// The gradient of element `element` in `step` for the data of `shard`: an integer in [−6, 6].
float IntegerGradient(int shard, int step, int64_t element, float parameter);

// The parameters after `steps` steps of `shards` training ranks that start from `seed`, computed
// without any communicator or strategy.
std::vector<float> ExpectedParameters(int shards, int seed, int steps, SgdOptions options = {});

}  // namespace core::testing

#endif  // CORE_TESTING_ARITHMETIC_REPLICA_H_
