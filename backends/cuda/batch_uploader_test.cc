#include "backends/cuda/batch_uploader.h"

#include <chrono>
#include <future>

#include "backends/cuda/testing/fake_device.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

// Batches of two images of one pixel, or of more from batch to batch: all values are their number
// in the epoch plus ten times it.
class CountingSource final : public BatchSource {
 public:
  CountingSource(int batches, bool fails, int growth = 0)
      : batches_(batches), fails_(fails), growth_(growth) {}

  void BeginEpoch(int epoch, int64_t) override {
    epoch_ = epoch;
    next_ = 0;
  }
  std::shared_ptr<const Batch> Next() override {
    if (next_ == batches_) {
      if (fails_) throw core::Error("a disk is broken");
      return nullptr;
    }
    auto batch = std::make_shared<Batch>();
    batch->count = 2 + growth_ * next_;
    batch->size = 1;
    const int value = 10 * epoch_ + next_++;
    batch->bytes.assign(3 * batch->count, static_cast<uint8_t>(value));
    batch->labels.assign(batch->count, value);
    return batch;
  }

 private:
  const int batches_;
  const bool fails_;
  const int growth_;
  int epoch_ = 0;
  int next_ = 0;
};

class BatchUploaderTest : public ::testing::Test {
 protected:
  // What a stream finds in the batch when its turn comes, and that it has gone by `until`.
  int Use(BatchUploader& uploader, const DeviceBatch& batch, std::shared_future<void> until = {}) {
    compute_->WaitFor(*batch.arrived);
    const auto found = std::make_shared<std::promise<int>>();
    testing::Enqueue(*compute_, [found, until, pixels = batch.pixels, labels = batch.labels] {
      found->set_value(static_cast<int>(static_cast<uint8_t*>(pixels)[5] + (labels[1] << 8)));
      if (until.valid()) until.wait();
    });
    uploader.Release(batch, compute_->Record());
    return found->get_future().get();
  }

  const std::unique_ptr<Device> device_ = testing::MakeFakeDevice("gpu");
  const std::unique_ptr<DeviceStream> compute_ = device_->MakeStream(/*urgent=*/false);
};

int Both(int value) { return value + (value << 8); }

TEST_F(BatchUploaderTest, GivesAllBatchesOfEveryEpochInOrder) {
  CountingSource source(7, /*fails=*/false);
  BatchUploader uploader(*device_, source);
  for (int epoch : {2, 0, 5}) {
    uploader.BeginEpoch(epoch, 0);
    for (int i = 0; i < 7; ++i) {
      const auto batch = uploader.Next();
      ASSERT_TRUE(batch);
      EXPECT_TRUE(batch->bytes);
      EXPECT_EQ(Use(uploader, *batch), Both(10 * epoch + i));
    }
    EXPECT_FALSE(uploader.Next());
  }
}

TEST_F(BatchUploaderTest, BeginsAnEpochInTheMiddleOfAnother) {
  CountingSource source(50, /*fails=*/false);
  BatchUploader uploader(*device_, source);
  for (int epoch = 0; epoch < 20; ++epoch) {
    uploader.BeginEpoch(epoch, 0);
    for (int i = 0; i < epoch % 3; ++i)
      EXPECT_EQ(Use(uploader, *uploader.Next()), Both(10 * epoch + i));
  }
}

TEST_F(BatchUploaderTest, OverwritesNothingThatTheDeviceStillReads) {
  CountingSource source(8, /*fails=*/false);
  BatchUploader uploader(*device_, source);
  std::promise<void> release;
  const auto first = uploader.Next();
  EXPECT_EQ(Use(uploader, *first, release.get_future().share()), Both(0));
  std::vector<std::optional<DeviceBatch>> ahead;
  for (int i = 0; i < 3; ++i) ahead.push_back(uploader.Next());  // The host goes on …
  EXPECT_FALSE(ahead.back()->arrived->Passed());                 // … and the copy waits.
  EXPECT_EQ(static_cast<uint8_t*>(first->pixels)[0], 0);
  release.set_value();
  ahead.back()->arrived->Wait();
  EXPECT_EQ(static_cast<uint8_t*>(ahead.back()->pixels)[0], 3);
}

TEST_F(BatchUploaderTest, BatchesMayGrow) {
  CountingSource source(9, /*fails=*/false, /*growth=*/1);
  BatchUploader uploader(*device_, source);
  uploader.BeginEpoch(0, 0);
  for (int i = 0; i < 9; ++i) {
    const auto batch = uploader.Next();
    EXPECT_EQ(batch->count, 2 + i);
    EXPECT_EQ(Use(uploader, *batch), Both(i));
  }
}

TEST_F(BatchUploaderTest, WhatTheSourceThrowsComesAfterTheBatchesBefore) {
  CountingSource source(1, /*fails=*/true);
  BatchUploader uploader(*device_, source);
  EXPECT_EQ(Use(uploader, *uploader.Next()), Both(0));
  EXPECT_THAT([&] { uploader.Next(); }, ::testing::ThrowsMessage<core::Error>("a disk is broken"));
}

TEST_F(BatchUploaderTest, WhatEndsTheSourceEndsIt) {
  CountingSource source(4, /*fails=*/false), broken(0, /*fails=*/true);
  BatchUploader uploader(*device_, source), failing(*device_, broken);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Use(uploader, *uploader.Next()), Both(i));
  for (int i = 0; i < 9; ++i) {
    EXPECT_FALSE(uploader.Next());
    EXPECT_THROW(failing.Next(), core::Error);
  }
  uploader.BeginEpoch(1, 0);
  EXPECT_EQ(Use(uploader, *uploader.Next()), Both(10));
}

TEST_F(BatchUploaderTest, MoreBatchesThanItHasAreAnError) {
  CountingSource source(8, /*fails=*/false);
  BatchUploader uploader(*device_, source);
  for (int i = 0; i < 3; ++i) uploader.Next();
  EXPECT_THROW(uploader.Next(), std::logic_error);
}

}  // namespace
}  // namespace backends
