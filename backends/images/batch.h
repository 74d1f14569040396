#ifndef BACKENDS_IMAGES_BATCH_H_
#define BACKENDS_IMAGES_BATCH_H_

#include <cstdint>
#include <memory>
#include <vector>

namespace backends {

// A minibatch of count × size × size × 3 (row-major, so channels-last): `pixels`, normalized; or
// `bytes`, which who gets them normalizes, if the source was asked for them.
struct Batch {
  int64_t count = 0;
  int64_t size = 0;
  std::vector<float> pixels;
  std::vector<uint8_t> bytes;
  std::vector<int64_t> labels;
};

// Where a replica gets its minibatches from.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  // Starts (over) with the order of `epoch`, from 0.
  virtual void BeginEpoch(int epoch) = 0;
  // Null after the epoch's last. Throws core::Error.
  virtual std::shared_ptr<const Batch> Next() = 0;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_BATCH_H_
