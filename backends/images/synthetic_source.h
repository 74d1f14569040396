#ifndef BACKENDS_IMAGES_SYNTHETIC_SOURCE_H_
#define BACKENDS_IMAGES_SYNTHETIC_SOURCE_H_

#include <memory>
#include <random>

#include "backends/images/batch.h"

namespace backends {

// Two random batches in turn, without end: training steps without the cost of loading.
class SyntheticSource : public BatchSource {
 public:
  static constexpr int kClasses = 1000;

  // With `bytes`, batches have these instead of pixels.
  SyntheticSource(int64_t batch_size, int64_t image_size, uint64_t seed, bool bytes = false) {
    std::mt19937_64 random(seed);
    std::normal_distribution<float> pixel;
    for (auto& batch : batches_) {
      Batch made{.count = batch_size, .size = image_size};
      const int64_t values = batch_size * image_size * image_size * 3;
      bytes ? made.bytes.resize(values) : made.pixels.resize(values);
      for (float& value : made.pixels) value = pixel(random);
      for (uint8_t& value : made.bytes) value = static_cast<uint8_t>(random());
      for (int64_t i = 0; i < batch_size; ++i) made.labels.push_back(random() % kClasses);
      batch = std::make_shared<Batch>(std::move(made));
    }
  }

  void BeginEpoch(int, int64_t batch) override { next_ = static_cast<size_t>(batch); }
  std::shared_ptr<const Batch> Next() override { return batches_[next_++ % 2]; }

 private:
  std::shared_ptr<const Batch> batches_[2];
  size_t next_ = 0;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_SYNTHETIC_SOURCE_H_
