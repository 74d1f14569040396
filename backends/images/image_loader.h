#ifndef BACKENDS_IMAGES_IMAGE_LOADER_H_
#define BACKENDS_IMAGES_IMAGE_LOADER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backends/images/batch.h"
#include "backends/images/image_folder.h"

namespace backends {

enum class Split { kTraining, kValidation };

// A file that holds no readable image.
struct SkippedImage {
  std::string path;
  std::string reason;
};

struct ImageLoaderOptions {
  Split split = Split::kTraining;
  int64_t batch_size = 32;  // Images per batch of this rank.
  int image_size = 224;     // Pixels: width and height of the images in a batch.
  int workers = 1;          // Threads that run ahead; with 0, Next() itself loads.
  int batches_ahead = 2;    // How many batches the workers may be ahead of Next().
  uint64_t seed = 0;        // Of order, crops and flips; the same on every rank.
  int rank = 0;             // Among the ranks that share the data.
  int ranks = 1;
  // Lets libjpeg shrink large images while it decodes them: faster, but other pixels than
  // torchvision's.
  bool scaled_decoding = false;
  // Batches get `bytes`, not normalized, instead of `pixels`.
  bool bytes = false;
  // Called by Next() in its caller's thread, once for every broken file.
  std::function<void(const SkippedImage&)> on_skip;
};

// Minibatches of an image folder, as torchvision's reference training makes them.
//
// Training: DistributedSampler's order; RandomResizedCrop and a random flip; of the last images,
// those that do not fill a batch are dropped, so that every rank takes the same number of steps.
// The place of a broken file is taken by the next readable one of the folder. Validation: every
// image once over all ranks, in the folder's order; the shorter side resized to 8/7 of
// `image_size`, then the centre cropped. Broken files are left out.
//
// The same seed gives the same batches whatever the number of workers. Batches are used again as
// soon as their owners drop them; they may outlive the loader.
class ImageLoader : public BatchSource {
 public:
  // `folder` outlives the loader. Throws core::Error if an option makes no sense, or if there are
  // fewer training images per rank than a batch takes.
  ImageLoader(const ImageFolder& folder, ImageLoaderOptions options);
  ~ImageLoader() override;

  void BeginEpoch(int epoch, int64_t batch) override;
  // Null also before the first epoch has begun. Also throws when more than 1 % of this rank's
  // images of an epoch are broken.
  std::shared_ptr<const Batch> Next() override;

  // Steps of an epoch. In validation, broken files may leave it fewer.
  int64_t batches_per_epoch() const;
  // The broken files that Next() has met so far, in that order.
  const std::vector<SkippedImage>& skipped() const;

 private:
  class Pipeline;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_IMAGE_LOADER_H_
