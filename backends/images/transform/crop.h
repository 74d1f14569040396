#ifndef BACKENDS_IMAGES_TRANSFORM_CROP_H_
#define BACKENDS_IMAGES_TRANSFORM_CROP_H_

#include "backends/images/decode/pixels.h"
#include "backends/images/transform/torch_generator.h"

namespace backends {

// What becomes of an image: `source`, a part of it, is resized to `target`; of that, `window` is
// kept, and mirrored if `flip`.
struct Crop {
  Box source;
  ImageSize target;
  Box window;
  bool flip = false;
};

// The box that torchvision.transforms.RandomResizedCrop draws for `image`: 8 to 100 % of its area,
// 3:4 to 4:3.
Box RandomBox(ImageSize image, TorchGenerator& generator);

// RandomResizedCrop(`size`) and RandomHorizontalFlip.
Crop TrainingCrop(ImageSize image, int size, TorchGenerator& generator);

// Resize and CenterCrop(`size`). The shorter side becomes 256 for a size of 224, and the same
// proportion, 8/7, for others. Throws core::Error if the longer side would not fit an int.
Crop ValidationCrop(ImageSize image, int size);

// `crop` for an image that was shrunk by `shrink`, with sizes rounded up.
Crop ShrunkBy(int shrink, Crop crop);

}  // namespace backends

#endif  // BACKENDS_IMAGES_TRANSFORM_CROP_H_
