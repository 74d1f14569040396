#ifndef BACKENDS_IMAGES_BATCH_H_
#define BACKENDS_IMAGES_BATCH_H_

#include <cstdint>
#include <memory>
#include <vector>

namespace backends {

// A minibatch of square images: count × size × size × 3, row-major, so red, green and blue of a
// pixel lie together. Either `pixels`, normalized, or, if the source was asked for them, `bytes`,
// which whoever takes the batch has to normalize (normalization.h).
struct Batch {
  int64_t count = 0;  // Images.
  int64_t size = 0;   // Pixels: width and height.
  std::vector<float> pixels;
  std::vector<uint8_t> bytes;
  std::vector<int64_t> labels;
};

// Where a replica gets its minibatches from.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  // Starts (over) with the order of `epoch`, from 0, of which the first `batch` are left out.
  virtual void BeginEpoch(int epoch, int64_t batch) = 0;
  // Null after the epoch's last. Throws core::Error.
  virtual std::shared_ptr<const Batch> Next() = 0;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_BATCH_H_
