#include "backends/torch/model/resnet50.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

#include <cmath>
#include <cstring>
#include <map>

#include "backends/torch/testing/golden.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

std::string Hash(const at::Tensor& tensor) {
  uint64_t hash = 0xCBF29CE484222325;
  const uint8_t* bytes = static_cast<const uint8_t*>(tensor.data_ptr());
  for (size_t i = 0; i < tensor.nbytes(); ++i) hash = (hash ^ bytes[i]) * 0x100000001B3;
  char text[17];
  std::snprintf(text, sizeof(text), "%016lx", hash);
  return text;
}

std::vector<float> First(const at::Tensor& tensor, int64_t count) {
  const at::Tensor values = tensor.detach().contiguous().view(-1);
  return {values.data_ptr<float>(), values.data_ptr<float>() + count};
}

TEST(FillTest, MakesTheInputsOfTheGoldenFiles) {
  const nlohmann::json golden = ReadGolden("fill");
  for (const nlohmann::json& vector : golden["vectors"]) {
    const at::Tensor filled =
        Fill(vector["name"].get<std::string>(), vector["shape"].get<std::vector<int64_t>>(),
             vector["lo"], vector["hi"]);
    EXPECT_EQ(Hash(filled), vector["fnv1a64_of_le_float32"]) << vector["name"];
    EXPECT_EQ(First(filled, 4), vector["values"].get<std::vector<float>>());
  }
  EXPECT_EQ(FillLabels("labels.train.0", 4),
            golden["labels"]["values"].get<std::vector<int64_t>>());
}

TEST(ResNet50Test, HasTheStateDictOfTorchvision) {
  const nlohmann::json golden = ReadGolden("resnet50_forward");
  const ResNet50 model(1000);
  ASSERT_EQ(model.state().size(), golden["state_dict"].size());
  for (size_t i = 0; i < model.state().size(); ++i) {
    const nlohmann::json& row = golden["state_dict"][i];
    const ResNet50::Entry& entry = model.state()[i];
    EXPECT_EQ(entry.name, row["name"]);
    EXPECT_EQ(entry.tensor.sizes().vec(), row["shape"].get<std::vector<int64_t>>()) << entry.name;
    EXPECT_EQ(entry.is_parameter, row["kind"] == "parameter") << entry.name;
  }
  EXPECT_EQ(model.parameters().count(), golden["parameter_count"].get<int64_t>());
  EXPECT_EQ(model.extents().size(), golden["parameter_tensors"].get<size_t>());
}

TEST(ResNet50Test, PlacesParametersOneAfterTheOtherWithoutGaps) {
  const ResNet50 model(7);
  int64_t offset = 0;
  for (const core::Extent& extent : model.extents()) {
    EXPECT_EQ(extent.offset, offset);
    offset += extent.count;
  }
  EXPECT_EQ(offset, model.parameters().count());
  EXPECT_EQ(model.state().back().tensor.numel(), 7);
}

// Tolerances: testdata's README in words: logits 1e-5, first values 2e-5 standard deviations.
TEST(ResNet50Test, ComputesTheLogitsOfTorchvision) {
  const at::NoGradGuard no_gradient;
  const nlohmann::json golden = ReadGolden("resnet50_forward");
  ResNet50 model(1000);
  FillModel(model);
  std::map<std::string, at::Tensor> stages;
  const at::Tensor images = Fill("input.forward", {2, 3, 64, 64}, -2, 2);

  const at::Tensor logits =
      model.Forward(images.contiguous(at::MemoryFormat::ChannelsLast), /*training=*/false,
                    [&](std::string_view stage, const at::Tensor& output) {
                      // "layer1.0", "layer1.1", … : the last is the output of "layer1".
                      stages[std::string(stage.substr(0, stage.find('.')))] = output.clone();
                    });

  for (const nlohmann::json& stage : golden["stages"]) {
    const at::Tensor output = stages.at(stage["stage"]);
    const double deviation = stage["std"];
    const std::vector<float> first = First(output, 8);
    for (int i = 0; i < 8; ++i) {
      EXPECT_NEAR(first[i], stage["first"][i].get<double>(), 2e-5 * deviation) << stage["stage"];
    }
    EXPECT_NEAR(output.mean().item<double>(), stage["mean"].get<double>(), 1e-6 * deviation);
    EXPECT_NEAR(output.std(false).item<double>(), deviation, 1e-6 * deviation);
  }
  for (int row = 0; row < 2; ++row) {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_NEAR(logits[row][i].item<double>(), golden["logits"][row][i].get<double>(), 1e-5);
    }
  }
}

TEST(ResNet50Test, IsInitializedAsTorchvisionDoes) {
  ResNet50 model(1000);
  model.Initialize(3);
  for (const ResNet50::Entry& entry : model.state()) {
    if (entry.name.ends_with("num_batches_tracked")) continue;
    const at::Tensor values = entry.tensor.detach();
    const double root = std::sqrt(values.numel());
    if (values.dim() == 4) {
      const double deviation = std::sqrt(2.0 / (values.size(0) * values.size(2) * values.size(3)));
      EXPECT_NEAR(values.mean().item<double>(), 0, 5 * deviation / root) << entry.name;
      EXPECT_NEAR(values.std().item<double>(), deviation, 4 * deviation / root) << entry.name;
      // Of 4096 normal values one lies beyond 3 deviations with near certainty, and none
      // beyond 6.5.
      EXPECT_GT(values.abs().max().item<double>(), 3 * deviation) << entry.name;
      EXPECT_LT(values.abs().max().item<double>(), 6.5 * deviation) << entry.name;
    } else if (entry.name == "fc.weight") {
      const double bound = 1 / std::sqrt(2048.0);
      EXPECT_NEAR(values.min().item<double>(), -bound, 1e-4 * bound);
      EXPECT_NEAR(values.max().item<double>(), bound, 1e-4 * bound);
      EXPECT_NEAR(values.mean().item<double>(), 0, 5 * bound / root);
    } else if (entry.name != "fc.bias") {
      const bool one = entry.name.ends_with(".weight") || entry.name.ends_with(".running_var");
      EXPECT_TRUE(values.eq(one ? 1 : 0).all().item<bool>()) << entry.name;
    }
  }
}

TEST(ResNet50Test, IsInitializedAlikeFromOneSeedAndDifferentlyFromAnother) {
  const auto initialized = [](uint64_t seed) {
    auto model = std::make_unique<ResNet50>(10);
    model->Initialize(seed);
    return model;
  };
  const auto first = initialized(1), again = initialized(1), other = initialized(2);
  const auto equal = [&](const ResNet50& a, const ResNet50& b) {
    return std::memcmp(a.parameters().data(), b.parameters().data(),
                       a.parameters().count() * sizeof(float)) == 0;
  };
  EXPECT_TRUE(equal(*first, *again));
  EXPECT_FALSE(equal(*first, *other));
}

// A copy of the parameters in bfloat16 does what autocast does with the parameters themselves, but
// for batch-norm's, which both leave as they are.
TEST(ResNet50Test, ACopyInBfloatGivesWhatAutocastGives) {
  const auto loss_of = [](ResNet50& model, at::ScalarType type) {
    model.RefreshCopy();
    const at::Tensor images =
        Fill("input.copy", {2, 3, 32, 32}, -2, 2).contiguous(at::MemoryFormat::ChannelsLast);
    model.CollectGradients([](int) {});
    const at::Tensor logits = model.Forward(images.to(type), /*training=*/true).to(at::kFloat);
    const at::Tensor loss = logits.pow(2).mean();
    loss.backward();
    return loss.item<double>();
  };
  ResNet50 plain(10);
  plain.Initialize(1);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const double autocast_loss = loss_of(plain, at::kFloat);
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCPU, false);
  ResNet50 copied(10, {.compute_type = at::kBFloat16});
  copied.Initialize(1);
  const double copied_loss = loss_of(copied, at::kBFloat16);

  EXPECT_NEAR(copied_loss, autocast_loss, 1e-3 * autocast_loss);
  const auto flat = [](const FlatBuffer& buffer) {
    return at::from_blob(buffer.data(), {buffer.count()});
  };
  const double norm = Norm(flat(plain.gradients()));
  EXPECT_GT(norm, 0);
  EXPECT_LT(Norm(flat(copied.gradients()).sub(flat(plain.gradients()))), 0.05 * norm);
}

TEST(ResNet50Test, ZeroInitResidualChangesTheLastNormOfEachBlockOnly) {
  ResNet50 plain(10), zero(10);
  plain.Initialize(3);
  zero.Initialize(3, /*zero_init_residual=*/true);
  int changed = 0;
  for (size_t i = 0; i < plain.state().size(); ++i) {
    const ResNet50::Entry& entry = zero.state()[i];
    if (entry.name.ends_with(".bn3.weight")) {
      EXPECT_EQ(entry.tensor.count_nonzero().item<int64_t>(), 0) << entry.name;
      ++changed;
    } else {
      EXPECT_TRUE(entry.tensor.equal(plain.state()[i].tensor)) << entry.name;
    }
  }
  EXPECT_EQ(changed, 16);
}

}  // namespace
}  // namespace backends
