// Training steps against PyTorch's: losses, gradients, parameters, running statistics.
#include <cmath>

#include "backends/torch/engine/torch_replica.h"
#include "backends/torch/testing/golden.h"
#include "backends/torch/testing/replica_driver.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

using Batches = std::vector<std::shared_ptr<const Batch>>;

TorchReplica::Options GoldenOptions() {
  return {.learning_rate = 0.01, .momentum = 0.9, .weight_decay = 1e-4};
}

Batches TrainBatches(std::vector<int> numbers) {
  Batches batches;
  for (int number : numbers) {
    const std::string suffix = std::to_string(number);
    batches.push_back(FillBatch("input.train." + suffix, "labels.train." + suffix, 4, 64));
  }
  return batches;
}

const ResNet50& FilledModel() {
  static const ResNet50& model = *[] {
    auto* filled = new ResNet50(1000);
    FillModel(*filled);
    return filled;
  }();
  return model;
}

void Fill(TorchReplica& replica) {
  Copy(FilledModel().parameters().buffer(), replica.parameters());
  Copy(FilledModel().statistics().buffer(), replica.statistics());
}

struct Tolerances {
  double gradient_norm, gradient_rms, delta_norm, norm, running_norm;
};

void ExpectGradients(core::Buffer flat, const nlohmann::json& rows, const Tolerances& tolerances) {
  const std::vector<NamedView> gradients = Views(flat);
  ASSERT_EQ(gradients.size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& [name, gradient] = gradients[i];
    const nlohmann::json& row = rows[i];
    ASSERT_EQ(name, row["name"]);
    const double norm = row["norm"];
    const double rms = norm / std::sqrt(gradient.numel());
    EXPECT_NEAR(Norm(gradient), norm, tolerances.gradient_norm * norm) << name;
    const at::Tensor values = gradient.contiguous().view(-1);
    for (size_t j = 0; j < row["first"].size(); ++j) {
      EXPECT_NEAR(values[j].item<double>(), row["first"][j].get<double>(),
                  tolerances.gradient_rms * rms)
          << name << "[" << j << "]";
    }
  }
}

void ExpectParameters(core::Buffer flat, const nlohmann::json& rows, const Tolerances& tolerances) {
  const std::vector<NamedView> parameters = Views(flat);
  const std::vector<NamedView> starts = Views(FilledModel().parameters().buffer());
  ASSERT_EQ(parameters.size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& [name, parameter] = parameters[i];
    const double norm = rows[i]["norm"], delta_norm = rows[i]["delta_norm"];
    EXPECT_NEAR(Norm(parameter), norm, tolerances.norm * norm) << name;
    EXPECT_NEAR(Norm(parameter.sub(starts[i].tensor)), delta_norm,
                tolerances.delta_norm * delta_norm)
        << name;
  }
}

void ExpectStatistics(core::Buffer flat, const nlohmann::json& rows, const Tolerances& tolerances) {
  const float* values = static_cast<const float*>(flat.data);
  int64_t offset = 0;
  size_t row = 0;
  for (const ResNet50::Entry& entry : FilledModel().state()) {
    const bool is_mean = entry.name.ends_with(".running_mean");
    if (!is_mean && !entry.name.ends_with(".running_var")) continue;
    double square = 0;
    for (int64_t i = 0; i < entry.tensor.numel(); ++i) {
      square += static_cast<double>(values[offset + i]) * values[offset + i];
    }
    offset += entry.tensor.numel();
    const double norm = rows[row][is_mean ? "running_mean_norm" : "running_var_norm"];
    EXPECT_NEAR(std::sqrt(square), norm, tolerances.running_norm * norm) << entry.name;
    if (!is_mean) ++row;
  }
  EXPECT_EQ(row, rows.size());
}

// Measured in PyTorch: what other arithmetic moves lies below, what a mistake moves above.
constexpr Tolerances kTrainTolerances = {.gradient_norm = 1e-4,
                                         .gradient_rms = 1e-3,
                                         .delta_norm = 2e-2,
                                         .norm = 5e-5,
                                         .running_norm = 3e-4};
constexpr Tolerances kDataParallelTolerances = {.gradient_norm = 1e-3,
                                                .gradient_rms = 2e-2,
                                                .delta_norm = 0.1,
                                                .norm = 3e-4,
                                                .running_norm = 1e-3};

TEST(TorchReplicaParityTest, TenStepsOnOneBatchAreThoseOfPyTorch) {
  const nlohmann::json golden = ReadGolden("resnet50_train_step");
  ListSource source(TrainBatches(std::vector<int>(10, 0)));
  const auto replica = MakeTorchReplica(GoldenOptions(), &source, nullptr, nullptr);
  Fill(*replica);

  Step(*replica);
  ExpectGradients(replica->gradients(), golden["gradients"], kTrainTolerances);
  for (int i = 1; i < 10; ++i) Step(*replica);

  const std::vector<double> losses = Losses(*replica);
  EXPECT_NEAR(losses[0], golden["loss"].get<double>(), 1e-5);
  for (int i = 0; i < 10; ++i) {
    EXPECT_NEAR(losses[i], golden["same_batch_losses"][i].get<double>(), 5e-4) << i;
  }
  ExpectParameters(replica->parameters(), golden["same_batch_parameters"], kTrainTolerances);
  ExpectStatistics(replica->statistics(), golden["same_batch_batch_norm"], kTrainTolerances);
}

TEST(TorchReplicaParityTest, TenStepsOnTenBatchesAreThoseOfPyTorch) {
  const nlohmann::json golden = ReadGolden("resnet50_train_step");
  ListSource source(TrainBatches({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  const auto replica = MakeTorchReplica(GoldenOptions(), &source, nullptr, nullptr);
  Fill(*replica);

  for (int i = 0; i < 10; ++i) Step(*replica);

  const std::vector<double> losses = Losses(*replica);
  for (int i = 0; i < 10; ++i) {
    EXPECT_NEAR(losses[i], golden["different_batches_losses"][i].get<double>(), 1e-4) << i;
  }
  ExpectParameters(replica->parameters(), golden["different_batches_parameters"], kTrainTolerances);
  ExpectStatistics(replica->statistics(), golden["different_batches_batch_norm"], kTrainTolerances);
}

// No golden number: bfloat16 has 8 bits, so what is held to is the size of the loss and that
// rounding took place.
TEST(TorchReplicaParityTest, BfloatStaysNearFloat) {
  const double golden = ReadGolden("resnet50_train_step")["loss"];
  ListSource source(TrainBatches({0}));
  TorchReplica::Options options = GoldenOptions();
  options.precision = Precision::kBfloat16;
  const auto replica = MakeTorchReplica(options, &source, nullptr, nullptr);
  Fill(*replica);
  Step(*replica);
  const double loss = Losses(*replica)[0];
  EXPECT_GT(std::abs(loss - golden), 1e-5);
  EXPECT_NEAR(loss, golden, 0.02);
}

// Four replicas that average their gradients by hand, as DistributedDataParallel does.
TEST(TorchReplicaParityTest, FourReplicasAreThoseOfPyTorch) {
  const nlohmann::json golden = ReadGolden("data_parallel_oracle");
  constexpr int kReplicas = 4, kSteps = 5;
  std::vector<std::unique_ptr<ListSource>> sources;
  std::vector<std::unique_ptr<TorchReplica>> replicas;
  for (int replica = 0; replica < kReplicas; ++replica) {
    Batches batches;
    for (int step = 0; step < kSteps; ++step) {
      const std::string suffix = std::to_string(step) + "." + std::to_string(replica);
      batches.push_back(FillBatch("input.dp." + suffix, "labels.dp." + suffix, 4, 32));
    }
    sources.push_back(std::make_unique<ListSource>(batches));
    replicas.push_back(MakeTorchReplica(GoldenOptions(), sources.back().get(), nullptr, nullptr));
    Fill(*replicas.back());
  }
  TorchReplica& first = *replicas[0];

  for (int step = 0; step < kSteps; ++step) {
    for (const auto& replica : replicas) Backward(*replica);
    for (int i = 1; i < kReplicas; ++i) {
      Wait(first.Accumulate(replicas[i]->gradients(), first.gradients()));
    }
    if (step == 0) {
      for (const NamedView& view : Views(first.gradients())) view.tensor.div_(kReplicas);
      ExpectGradients(first.gradients(), golden["first_step_mean_gradients"],
                      kDataParallelTolerances);
      for (const NamedView& view : Views(first.gradients())) view.tensor.mul_(kReplicas);
    }
    Wait(first.Update(first.gradients(), 1.0f / kReplicas));
    for (int i = 1; i < kReplicas; ++i) Copy(first.parameters(), replicas[i]->parameters());
  }

  for (int replica = 0; replica < kReplicas; ++replica) {
    const std::vector<double> losses = Losses(*replicas[replica]);
    for (int step = 0; step < kSteps; ++step) {
      EXPECT_NEAR(losses[step], golden["losses"][step][replica].get<double>(),
                  step < 2 ? 1e-5 : 3e-3)
          << "step " << step << ", replica " << replica;
    }
    ExpectStatistics(replicas[replica]->statistics(),
                     golden["batch_norm_by_replica"][std::to_string(replica)],
                     kDataParallelTolerances);
  }
  ExpectParameters(first.parameters(), golden["parameters"], kDataParallelTolerances);
}

}  // namespace
}  // namespace backends
