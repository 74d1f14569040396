// A TorchReplica on this machine's first GPU against PyTorch's numbers from a processor.
//
//   bazel-bin/backends/torch/cuda_gpu_parity
//
// Without a GPU it says so in one line and ends with 77.

#include <ATen/ops/from_blob.h>

#include <cmath>
#include <cstdio>
#include <set>
#include <vector>

#include "backends/cuda/accelerator.h"
#include "backends/cuda/cuda_device.h"
#include "backends/images/transform/normalization.h"
#include "backends/steady_clock.h"
#include "backends/torch/engine/torch_replica.h"
#include "backends/torch/testing/golden.h"
#include "backends/torch/testing/replica_driver.h"
#include "core/task.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

constexpr int kSkipped = 77;

// Kernels of a GPU add in other orders than a processor's, and choose other algorithms for
// convolutions: relative to norms, and for losses after some steps, that is what they may move.
constexpr double kFirstLossTolerance = 2e-4;
constexpr double kLossTolerance = 5e-3;
constexpr double kGradientNormTolerance = 5e-3;
constexpr double kBfloatLossTolerance = 0.03;

using Batches = std::vector<std::shared_ptr<const Batch>>;

TorchReplica::Options GoldenOptions() {
  return {.learning_rate = 0.01, .momentum = 0.9, .weight_decay = 1e-4};
}

std::shared_ptr<const Batch> GoldenBatch(int number) {
  const std::string suffix = std::to_string(number);
  return FillBatch("input.train." + suffix, "labels.train." + suffix, 4, 64);
}

class CudaReplicaTest : public ::testing::Test {
 protected:
  std::unique_ptr<TorchReplica> MakeReplica(BatchSource& source, TorchReplica::Options options) {
    options.accelerator = &accelerator_;
    auto replica = MakeTorchReplica(options, &source, nullptr, nullptr);
    static const ResNet50& filled = *[] {
      auto* model = new ResNet50(1000);
      FillModel(*model);
      return model;
    }();
    CopyTo(filled.parameters().buffer(), replica->parameters());
    CopyTo(filled.statistics().buffer(), replica->statistics());
    return replica;
  }

  void CopyTo(core::Buffer source, core::Buffer target) {
    accelerator_.compute->Copy(target.data, source.data, source.bytes());
    accelerator_.compute->Record()->Wait();
  }

  std::vector<float> OnHost(core::Buffer buffer) {
    std::vector<float> values(static_cast<size_t>(buffer.count));
    accelerator_.compute->Copy(values.data(), buffer.data, buffer.bytes());
    accelerator_.compute->Record()->Wait();
    return values;
  }

  std::vector<double> LossesOf(const Batches& batches, const TorchReplica::Options& options) {
    ListSource source(batches);
    const auto replica = MakeReplica(source, options);
    for (size_t i = 0; i < batches.size(); ++i) Step(*replica);
    return Losses(*replica);
  }

  const SteadyClock clock_;
  Accelerator accelerator_{OpenCudaDevice(0), clock_};
};

TEST_F(CudaReplicaTest, TenStepsAreThoseOfPyTorch) {
  const nlohmann::json golden = ReadGolden("resnet50_train_step");
  Batches batches;
  for (int i = 0; i < 10; ++i) batches.push_back(GoldenBatch(i));
  ListSource source(batches);
  const auto replica = MakeReplica(source, GoldenOptions());
  Step(*replica);
  std::vector<float> gradients = OnHost(replica->gradients());
  const std::vector<NamedView> views = Views(core::View(gradients));
  for (size_t i = 0; i < views.size(); ++i) {
    const double norm = golden["gradients"][i]["norm"];
    EXPECT_NEAR(Norm(views[i].tensor), norm, kGradientNormTolerance * norm) << views[i].name;
  }
  for (int i = 1; i < 10; ++i) Step(*replica);
  const std::vector<double> losses = Losses(*replica);
  EXPECT_NEAR(losses[0], golden["loss"].get<double>(), kFirstLossTolerance);
  for (int i = 0; i < 10; ++i) {
    EXPECT_NEAR(losses[i], golden["different_batches_losses"][i].get<double>(), kLossTolerance)
        << i;
  }
}

TEST_F(CudaReplicaTest, BfloatStaysNearFloat) {
  const double golden = ReadGolden("resnet50_train_step")["loss"];
  TorchReplica::Options options = GoldenOptions();
  options.precision = Precision::kBfloat16;
  const double loss = LossesOf({GoldenBatch(0)}, options)[0];
  EXPECT_GT(std::abs(loss - golden), 1e-5);
  EXPECT_NEAR(loss, golden, kBfloatLossTolerance);
}

TEST_F(CudaReplicaTest, AGraphTrainsLikeItsPassesOneByOne) {
  const Batches batches(10, GoldenBatch(0));
  TorchReplica::Options options = GoldenOptions();
  const std::vector<double> expected = LossesOf(batches, options);
  options.cuda_graph = true;
  const std::vector<double> losses = LossesOf(batches, options);
  for (size_t i = 0; i < batches.size(); ++i) EXPECT_NEAR(losses[i], expected[i], 2e-2) << i;
  EXPECT_LT(losses.back(), losses.front());
}

core::Task CheckGradients(TorchReplica& replica, Accelerator& accelerator, int& count) {
  core::Gradients& gradients = replica.Backward();
  std::vector<std::vector<float>> seen;
  std::vector<core::Extent> extents;
  const std::unique_ptr<DeviceStream> copies = accelerator.device->MakeStream(/*urgent=*/true);
  while (std::optional<core::Gradient> gradient = co_await gradients.Next()) {
    const core::Extent extent = replica.extents()[gradient->parameter];
    extents.push_back(extent);
    seen.emplace_back(static_cast<size_t>(extent.count));
    copies->WaitFor(*accelerator.order.awaited());
    copies->Copy(seen.back().data(), replica.gradients().Slice(extent.offset, extent.count).data,
                 4 * extent.count);
    copies->Record()->Wait();
  }
  accelerator.compute->Record()->Wait();
  for (size_t i = 0; i < seen.size(); ++i) {
    std::vector<float> last(seen[i].size());
    copies->Copy(last.data(), replica.gradients().Slice(extents[i].offset, 1).data,
                 4 * extents[i].count);
    copies->Record()->Wait();
    EXPECT_EQ(seen[i], last) << "parameter at " << extents[i].offset;
  }
  count = static_cast<int>(seen.size());
}

TEST_F(CudaReplicaTest, AGradientIsFinalAfterTheEventWithWhichItIsHandedOver) {
  ListSource source({GoldenBatch(0)});
  const auto replica = MakeReplica(source, GoldenOptions());
  int count = 0;
  core::RunToEnd(CheckGradients(*replica, accelerator_, count));
  EXPECT_EQ(count, static_cast<int>(replica->extents().size()));
}

TEST_F(CudaReplicaTest, BytesAreNormalizedAsOnTheProcessor) {
  auto bytes = std::make_shared<Batch>();
  bytes->count = 4;
  bytes->size = 64;
  bytes->labels = FillLabels("labels.train.0", 4);
  auto pixels = std::make_shared<Batch>(*bytes);
  for (int i = 0; i < 4 * 64 * 64 * 3; ++i) {
    bytes->bytes.push_back(static_cast<uint8_t>(FillHash("bytes", i)));
    pixels->pixels.push_back((bytes->bytes.back() / 255.0f - kColorMeans[i % 3]) /
                             kColorDeviations[i % 3]);
  }
  EXPECT_NEAR(LossesOf({bytes}, GoldenOptions())[0], LossesOf({pixels}, GoldenOptions())[0], 1e-3);
}

}  // namespace
}  // namespace backends

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const std::string problem = backends::FindCudaDevices().problem;
  if (problem.empty()) return RUN_ALL_TESTS();
  std::printf("NOT RUN: parity with PyTorch on a GPU: %s\n", problem.c_str());
  return backends::kSkipped;
}
