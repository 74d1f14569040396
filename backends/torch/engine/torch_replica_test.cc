#include "backends/torch/engine/torch_replica.h"

#include <cstring>
#include <semaphore>
#include <set>

#include "backends/torch/testing/golden.h"
#include "backends/torch/testing/replica_driver.h"
#include "core/base/error.h"
#include "core/base/processor_time.h"
#include "core/task.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

using Batches = std::vector<std::shared_ptr<const Batch>>;

class FixedClock final : public core::Clock {
 public:
  core::Duration Now() const override { return core::Duration(1); }
};

TorchReplica::Options SmallOptions() {
  return {.num_classes = 10, .seed = 5, .learning_rate = 0.01};
}

std::shared_ptr<const Batch> SmallBatch(int number) {
  auto batch = std::make_shared<Batch>(
      *FillBatch("input." + std::to_string(number), "labels." + std::to_string(number), 2, 32));
  for (int64_t& label : batch->labels) label %= 10;
  return batch;
}

bool SameBits(core::Buffer a, core::Buffer b) {
  return a.count == b.count && std::memcmp(a.data, b.data, a.bytes()) == 0;
}

TEST(TorchReplicaTest, HandsOverEachGradientOnceAndRoughlyFromTheLastToTheFirst) {
  ListSource source({SmallBatch(0)});
  const auto replica = MakeTorchReplica(SmallOptions(), &source, nullptr, nullptr);

  const std::vector<int> order = Backward(*replica);

  const int count = replica->extents().size();
  EXPECT_EQ(std::set<int>(order.begin(), order.end()).size(), order.size());
  EXPECT_EQ(static_cast<int>(order.size()), count);
  EXPECT_GE(order.front(), count - 2);
  EXPECT_EQ(order.back(), 0);
}

// What a gradient holds when it is handed over is what it holds in the end.
TEST(TorchReplicaTest, AGradientIsFinalWhenItIsHandedOver) {
  ListSource source({SmallBatch(0)});
  const auto replica = MakeTorchReplica(SmallOptions(), &source, nullptr, nullptr);
  std::vector<float> seen(replica->gradients().count);
  const float* values = static_cast<const float*>(replica->gradients().data);
  struct Watch {
    static core::Task Run(TorchReplica& replica, const float* values, std::vector<float>& seen) {
      core::Gradients& gradients = replica.Backward();
      while (std::optional<core::Gradient> gradient = co_await gradients.Next()) {
        const core::Extent extent = replica.extents()[gradient->parameter];
        std::copy_n(values + extent.offset, extent.count, seen.begin() + extent.offset);
      }
    }
  };
  core::RunToEnd(Watch::Run(*replica, values, seen));
  EXPECT_EQ(std::memcmp(seen.data(), values, seen.size() * sizeof(float)), 0);
  EXPECT_THAT(seen, testing::Contains(testing::Ne(0)));
}

TEST(TorchReplicaTest, TwoRunsGiveTheSameBits) {
  ListSource first_source({SmallBatch(0), SmallBatch(1), SmallBatch(2)});
  ListSource second_source({SmallBatch(0), SmallBatch(1), SmallBatch(2)});
  const auto first = MakeTorchReplica(SmallOptions(), &first_source, nullptr, nullptr);
  const auto second = MakeTorchReplica(SmallOptions(), &second_source, nullptr, nullptr);
  for (int i = 0; i < 3; ++i) {
    Step(*first);
    Step(*second);
  }
  EXPECT_EQ(Losses(*first), Losses(*second));
  EXPECT_TRUE(SameBits(first->gradients(), second->gradients()));
  EXPECT_TRUE(SameBits(first->parameters(), second->parameters()));
  EXPECT_TRUE(SameBits(first->statistics(), second->statistics()));
}

TEST(TorchReplicaTest, AnUpdateGivesTheSameBitsHoweverItIsCut) {
  ListSource source({SmallBatch(0)});
  TorchReplica::Options options = SmallOptions();
  const auto whole = MakeTorchReplica(options, &source, nullptr, nullptr);
  options.threads = 2;
  const auto cut = MakeTorchReplica(options, nullptr, nullptr, nullptr);
  Backward(*whole);
  Copy(whole->gradients(), cut->gradients());

  for (int round = 0; round < 2; ++round) {
    Wait(whole->Update(whole->gradients(), 1.0f / 3));
    int64_t offset = 0;
    for (int64_t length = 1; offset < cut->gradients().count; length = length * 2 + 1) {
      const int64_t part = std::min(length, cut->gradients().count - offset);
      Wait(cut->Update(cut->gradients().Slice(offset, part), 1.0f / 3));
      offset += part;
    }
  }

  EXPECT_TRUE(SameBits(whole->parameters(), cut->parameters()));
}

TEST(TorchReplicaTest, AccumulateAddsElementwise) {
  const auto replica = MakeTorchReplica(SmallOptions(), nullptr, nullptr, nullptr);
  core::Buffer addend = replica->Allocate(100'003), sum = replica->Allocate(100'003);
  for (int i = 0; i < 100'003; ++i) {
    static_cast<float*>(addend.data)[i] = i;
    static_cast<float*>(sum.data)[i] = 2 * i;
  }
  Wait(replica->Accumulate(addend, sum));
  for (int i = 0; i < 100'003; ++i) ASSERT_EQ(static_cast<float*>(sum.data)[i], 3 * i);
}

TEST(TorchReplicaTest, LearnsASmallBatchByHeart) {
  for (Precision precision : {Precision::kFloat32, Precision::kBfloat16}) {
    ListSource source(Batches(8, SmallBatch(0)));
    TorchReplica::Options options = SmallOptions();
    options.precision = precision;
    const auto replica = MakeTorchReplica(options, &source, nullptr, nullptr);
    for (int i = 0; i < 8; ++i) Step(*replica);
    const std::vector<core::StepMetrics> steps = replica->TakeTraining();
    EXPECT_LT(steps.back().loss, 0.5 * steps.front().loss);
    EXPECT_EQ(steps.back().correct, 2);
    EXPECT_EQ(steps.back().count, 2);
    EXPECT_TRUE(replica->TakeTraining().empty());
  }
}

core::Evaluation EvaluateAll(TorchReplica& replica) {
  replica.BeginEvaluation();
  for (int batches : {1, 0, 2, 100}) replica.Evaluate(batches);
  return replica.EndEvaluation();
}

TEST(TorchReplicaTest, EvaluatesTheWholeSourceWithoutTouchingTheModel) {
  ListSource validation({SmallBatch(0), SmallBatch(1)}), half({SmallBatch(1)});
  const auto replica = MakeTorchReplica(SmallOptions(), nullptr, &validation, nullptr);
  const auto other = MakeTorchReplica(SmallOptions(), nullptr, &half, nullptr);
  const std::vector<float> before(static_cast<float*>(replica->statistics().data),
                                  static_cast<float*>(replica->statistics().data) + 53'120);

  const core::Evaluation first = EvaluateAll(*replica), again = EvaluateAll(*replica);
  const core::Evaluation part = EvaluateAll(*other);

  EXPECT_EQ(first.count, 4);
  EXPECT_EQ(first.loss_sum, again.loss_sum);
  EXPECT_EQ(first.correct, again.correct);
  EXPECT_GT(first.loss_sum, part.loss_sum);
  EXPECT_EQ(part.count, 2);
  EXPECT_EQ(std::memcmp(before.data(), replica->statistics().data, 53'120 * sizeof(float)), 0);
}

TEST(TorchReplicaTest, TheScheduleSetsTheRateOfEachEpoch) {
  TorchReplica::Options options = SmallOptions();
  options.weight_decay = options.momentum = 0;
  options.schedule = {.warmup_epochs = 0, .milestones = {2}};
  const auto replica = MakeTorchReplica(options, nullptr, nullptr, nullptr);
  float* parameter = static_cast<float*>(replica->parameters().data);
  *static_cast<float*>(replica->gradients().data) = 1;
  std::vector<float> moves;
  for (int epoch = 0; epoch < 3; ++epoch) {
    replica->BeginEpoch(epoch, 0);
    *parameter = 0;
    Wait(replica->Update(replica->gradients(), 1));
    moves.push_back(-*parameter);
  }
  EXPECT_THAT(moves, testing::ElementsAre(0.01f, 0.01f, 0.001f));
}

TEST(TorchReplicaTest, RecordsWhatItDoes) {
  const FixedClock clock;
  core::Timeline timeline(clock, /*tracing=*/true);
  ListSource source({SmallBatch(0)}), validation({SmallBatch(1)});
  const auto replica = MakeTorchReplica(SmallOptions(), &source, &validation, &timeline);
  timeline.BeginSteps();
  Step(*replica);
  Wait(replica->Accumulate(replica->gradients(), replica->Allocate(replica->gradients().count)));
  replica->BeginEvaluation();
  replica->Evaluate(1);
  timeline.EndStep();
  std::vector<core::SpanKind> kinds;
  for (const core::Timeline::Traced& traced : timeline.trace()) kinds.push_back(traced.span.kind);
  using enum core::SpanKind;
  EXPECT_THAT(kinds,
              testing::ElementsAre(kLoad, kForward, kBackward, kUpdate, kAccumulate, kEvaluate));
}

class BrokenSource final : public BatchSource {
 public:
  void BeginEpoch(int, int64_t) override {}
  std::shared_ptr<const Batch> Next() override { throw core::Error("all images are broken"); }
};

TEST(TorchReplicaTest, WhatBreaksInAPassComesOutOfItsGradients) {
  BrokenSource source;
  const auto replica = MakeTorchReplica(SmallOptions(), &source, nullptr, nullptr);
  EXPECT_THAT([&] { Backward(*replica); },
              testing::ThrowsMessage<core::Error>("all images are broken"));
}

TEST(TorchReplicaTest, ALabelBeyondTheClassesIsAnErrorOfOneLine) {
  auto batch = std::make_shared<Batch>(*SmallBatch(0));
  batch->labels[1] = 10;
  ListSource source({batch});
  const auto replica = MakeTorchReplica(SmallOptions(), &source, nullptr, nullptr);
  EXPECT_THAT([&] { Backward(*replica); },
              testing::ThrowsMessage<core::Error>(testing::AllOf(
                  testing::HasSubstr("10"), testing::Not(testing::HasSubstr("\n")))));
}

// Says when its batches are taken.
class WatchedSource final : public BatchSource {
 public:
  explicit WatchedSource(std::shared_ptr<const Batch> batch) : batch_(std::move(batch)) {}
  void BeginEpoch(int, int64_t) override {}
  std::shared_ptr<const Batch> Next() override {
    taken.release();
    return batch_;
  }

  std::counting_semaphore<> taken{0};

 private:
  const std::shared_ptr<const Batch> batch_;
};

TEST(TorchReplicaTest, GoesAwayInTheMiddleOfAPass) {
  WatchedSource source(FillBatch("input", "labels", 16, 64));
  auto replica = MakeTorchReplica({}, &source, nullptr, nullptr);
  const double start = core::ProcessorSeconds();
  Backward(*replica);
  const double middle = core::ProcessorSeconds();
  source.taken.acquire();

  replica->Backward();  // Nobody takes its gradients.
  source.taken.acquire();
  replica.reset();

  EXPECT_LT(core::ProcessorSeconds() - middle, 0.5 * (middle - start));
}

}  // namespace
}  // namespace backends
