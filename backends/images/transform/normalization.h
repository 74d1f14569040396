#ifndef BACKENDS_IMAGES_TRANSFORM_NORMALIZATION_H_
#define BACKENDS_IMAGES_TRANSFORM_NORMALIZATION_H_

namespace backends {

// Of red, green and blue in ImageNet, as in torchvision: a byte becomes
// (byte / 255 − mean) / standard deviation.
inline constexpr float kColorMeans[] = {0.485f, 0.456f, 0.406f};
inline constexpr float kColorDeviations[] = {0.229f, 0.224f, 0.225f};

}  // namespace backends

#endif  // BACKENDS_IMAGES_TRANSFORM_NORMALIZATION_H_
